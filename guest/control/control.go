// Package control limits, counts and stops processes with control groups, version 2.
package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

const cpuPeriodMicros = 100_000

// Hierarchy is a directory of a control group file system that is this agent's own. Groups of processes are made below it.
type Hierarchy struct {
	directory   string
	controllers []string
	// Abilities are what it can do for processes.
	Abilities []message.Ability
}

var wanted = []string{"memory", "pids", "cpu"}

// Open takes over a directory that no process is in, and enables as many controllers as there are, in the directory above it as well.
func Open(directory string) (*Hierarchy, error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", directory, err)
	}
	for _, name := range wanted {
		// Whether it could be is seen below.
		_ = write(filepath.Dir(directory), "cgroup.subtree_control", "+"+name)
	}
	available, err := os.ReadFile(filepath.Join(directory, "cgroup.controllers"))
	if err != nil {
		return nil, fmt.Errorf("%s is no control group: %w", directory, err)
	}
	h := &Hierarchy{directory: directory}
	for _, name := range wanted {
		if slices.Contains(strings.Fields(string(available)), name) && h.write("cgroup.subtree_control", "+"+name) == nil {
			h.controllers = append(h.controllers, name)
		}
	}
	h.Abilities = h.abilities()
	return h, nil
}

func (h *Hierarchy) abilities() []message.Ability {
	var all []message.Ability
	for name, ability := range map[string]message.Ability{
		"memory": message.MemoryLimit, "pids": message.ProcessLimit, "cpu": message.CPULimit,
	} {
		if slices.Contains(h.controllers, name) {
			all = append(all, ability)
		}
	}
	if _, err := os.Stat(filepath.Join(h.directory, "cgroup.freeze")); err == nil {
		all = append(all, message.Freezing)
	}
	slices.Sort(all)
	return all
}

// Bound sets the memory that all groups may have together. When they want more, the process that has most is ended.
func (h *Hierarchy) Bound(bytes uint64) error {
	if !slices.Contains(h.controllers, "memory") {
		return fmt.Errorf("memory: %w", ErrUnsupported)
	}
	_, err := bound(h.directory, bytes)
	return err
}

// Freeze lets all processes in all groups stand still, and waits until they do.
func (h *Hierarchy) Freeze() error {
	if err := h.write("cgroup.freeze", "1"); err != nil {
		return err
	}
	return h.awaitFrozen()
}

// Thaw lets them go on.
func (h *Hierarchy) Thaw() error { return h.write("cgroup.freeze", "0") }

// Group is the processes of one request, with all that they start.
type Group struct {
	directory string
	handle    *os.File
	crowd     *crowd   // nil without a limit of processes
	memory    *bounded // nil without a limit of memory
}

// ErrUnsupported is returned for a limit that cannot be set.
var ErrUnsupported = errors.New("no controller for this limit")

// NewGroup makes a group under a name that no other has.
func (h *Hierarchy) NewGroup(name string, limits *message.Limits) (*Group, error) {
	directory := filepath.Join(h.directory, name)
	if err := os.Mkdir(directory, 0o755); err != nil {
		return nil, fmt.Errorf("make a group: %w", err)
	}
	g := &Group{directory: directory}
	if err := h.limit(g, limits); err != nil {
		g.Remove()
		return nil, err
	}
	handle, err := os.Open(directory)
	if err != nil {
		g.Remove()
		return nil, err
	}
	g.handle = handle
	return g, nil
}

func (h *Hierarchy) limit(g *Group, limits *message.Limits) error {
	if limits == nil {
		return nil
	}
	for _, l := range []struct {
		controller string
		value      message.Count
		set        func() error
	}{
		{"memory", limits.MemoryBytes, func() error { return g.boundMemory(uint64(limits.MemoryBytes)) }},
		{"pids", limits.Processes, func() error { return g.boundCrowd(uint64(limits.Processes)) }},
		{"cpu", limits.CPUPercent, func() error {
			return g.write("cpu.max", fmt.Sprintf("%d %d", limits.CPUPercent*cpuPeriodMicros/100, cpuPeriodMicros))
		}},
	} {
		if l.value == 0 {
			continue
		}
		if !slices.Contains(h.controllers, l.controller) {
			return fmt.Errorf("%s: %w", l.controller, ErrUnsupported)
		}
		if err := l.set(); err != nil {
			return err
		}
	}
	return nil
}

// boundMemory: a group is one run. When it has too much memory, all of it ends.
func (g *Group) boundMemory(bytes uint64) (err error) {
	if g.memory, err = bound(g.directory, bytes); err != nil {
		return err
	}
	return g.write("memory.oom.group", "1")
}

func (g *Group) boundCrowd(processes uint64) (err error) {
	if err = g.write("pids.max", strconv.FormatUint(processes, 10)); err != nil {
		return err
	}
	g.crowd, err = g.watchCrowd()
	return err
}

// Descriptor is what a process is cloned into the group with.
func (g *Group) Descriptor() int { return int(g.handle.Fd()) }

// Kill ends every process of the group.
func (g *Group) Kill() error { return g.write("cgroup.kill", "1") }

// IsOutOfMemory says whether a process was ended because the group had no more memory.
func (g *Group) IsOutOfMemory() bool { return g.count("memory.events", "oom_kill") > 0 }

// CPUMillis is the CPU time of all processes that ever were in the group.
func (g *Group) CPUMillis() (message.Count, bool) {
	micros := g.count("cpu.stat", "usage_usec")
	return message.Count(micros / 1_000), micros > 0
}

// MemoryPeak is the most memory that the group had at once.
func (g *Group) MemoryPeak() (message.Count, bool) {
	text, err := os.ReadFile(filepath.Join(g.directory, "memory.peak"))
	if err != nil {
		return 0, false
	}
	bytes, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return message.Count(bytes), err == nil
}

// IsEmpty says whether no process is in the group.
func (g *Group) IsEmpty() bool {
	text, err := os.ReadFile(filepath.Join(g.directory, "cgroup.events"))
	return err != nil || strings.Contains(string(text), "populated 0")
}

// Remove removes the group, if no process is left in it.
func (g *Group) Remove() error {
	if g.handle != nil {
		_ = g.handle.Close()
		g.handle = nil
	}
	if g.crowd != nil {
		g.crowd.events.close()
	}
	if g.memory != nil {
		g.memory.events.close()
	}
	return os.Remove(g.directory)
}

// count reads a number after a word.
func (g *Group) count(file, word string) uint64 {
	text, err := os.ReadFile(filepath.Join(g.directory, file))
	if err != nil {
		return 0
	}
	number, _ := after(string(text), word)
	return number
}

// after is the number after a word.
func after(text, word string) (uint64, error) {
	fields := strings.Fields(text)
	at := slices.Index(fields, word)
	if at < 0 || at+1 >= len(fields) {
		return 0, fmt.Errorf("there is no %s", word)
	}
	return strconv.ParseUint(fields[at+1], 10, 64)
}

func (g *Group) write(file, value string) error { return write(g.directory, file, value) }

func (h *Hierarchy) write(file, value string) error { return write(h.directory, file, value) }

// write goes past the poller of the runtime: a guest that was just restored runs every instruction for the first time, and is waited
// for.
func write(directory, file, value string) error {
	descriptor, err := unix.Open(directory+"/"+file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	_, err = unix.Write(descriptor, []byte(value))
	if err := errors.Join(err, unix.Close(descriptor)); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
