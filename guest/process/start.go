package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"caisson/guest/channel"
	"caisson/guest/control"
	"caisson/guest/message"
	"caisson/guest/reap"
)

// Surroundings is what processes are started in.
type Surroundings struct {
	Reaper *reap.Reaper
	// Groups limits processes; nil if there are no control groups.
	Groups *control.Hierarchy
	// Root is where the guest's files begin. Directories of processes are below it.
	Root string
	// UID and GID are those of guest code.
	UID, GID uint32
	// CanChangeUser says whether they can be used; else everything runs as whoever the agent is.
	CanChangeUser bool

	groups atomic.Uint64
}

// defaultPath is where programs are looked for without a PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

func (s *Surroundings) start(e *message.Execute) (*Process, error) {
	p := &Process{
		ID: e.ID, reaper: s.Reaper, Output: channel.NewOutlet(), Errors: channel.NewOutlet(), exited: make(chan struct{}), started: time.Now(),
	}
	program, err := s.find(e)
	if err != nil {
		return nil, err
	}
	if p.group, err = s.group(e); err != nil {
		return nil, err
	}
	pipes, err := open(e)
	if err != nil {
		p.dropGroup()
		return nil, err
	}
	defer pipes.closeTheirs()
	var ended <-chan reap.Ended
	p.PID, ended, err = s.Reaper.Start(func() (int, error) {
		return syscall.ForkExec(program, e.Arguments, s.attributes(e, p.group, pipes))
	}, reap.Leftovers(e.Leftovers == message.EndThem))
	if err != nil {
		pipes.closeOurs()
		p.dropGroup()
		return nil, fmt.Errorf("start %s: %w", e.Arguments[0], err)
	}
	p.input, p.terminal = pipes.input, pipes.terminal
	go p.watch(e, pipes, ended)
	return p, nil
}

func (s *Surroundings) attributes(e *message.Execute, group *control.Group, pipes *pipes) *syscall.ProcAttr {
	// No program outlives an agent that is ended: threads that start programs are never ended before it.
	system := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if pipes.terminal != nil {
		system.Setctty = true // descriptor 0
	}
	if s.CanChangeUser && e.User == message.Guest {
		system.Credential = &syscall.Credential{Uid: s.UID, Gid: s.GID}
	}
	if group != nil {
		system.UseCgroupFD = true
		system.CgroupFD = group.Descriptor()
	}
	files := make([]uintptr, len(pipes.theirs))
	for i, file := range pipes.theirs {
		files[i] = file.Fd()
	}
	return &syscall.ProcAttr{Dir: s.directory(e), Env: e.Environment, Files: files, Sys: system}
}

func (s *Surroundings) directory(e *message.Execute) string {
	return filepath.Join(s.Root, filepath.Clean("/"+e.Directory))
}

func (s *Surroundings) group(e *message.Execute) (*control.Group, error) {
	if s.Groups == nil {
		if e.Limits != nil && *e.Limits != (message.Limits{}) {
			return nil, control.ErrUnsupported
		}
		return nil, nil
	}
	return s.Groups.NewGroup(fmt.Sprintf("%s-%d", e.ID, s.groups.Add(1)), e.Limits)
}

// find is the file of a program: as it is named if that has a slash, else the first one on the PATH.
func (s *Surroundings) find(e *message.Execute) (string, error) {
	name := e.Arguments[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := defaultPath
	for _, variable := range e.Environment {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, directory := range filepath.SplitList(path) {
		file := filepath.Join(directory, name)
		if !filepath.IsAbs(file) {
			continue
		}
		if stat, err := os.Stat(file); err == nil && !stat.IsDir() && unix.Access(file, unix.X_OK) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("start %s: %w", name, errNotFound)
}

var errNotFound = errors.New("there is no such program")

func (p *Process) dropGroup() {
	if p.group != nil {
		_ = p.group.Remove()
	}
}
