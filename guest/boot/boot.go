// Package boot does what the first process of a machine has to do, from the initial file system to a root that guest code can live in.
package boot

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	modulesDirectory = "/modules"
	baseSerial       = "base"
	upperSerial      = "upper"
	templateWord     = "caisson.template="
)

// Places in the booted machine.
const (
	// Groups is where groups of guest processes are made.
	Groups = "/sys/fs/cgroup/guest"
	// Commands is where interpreters are, and what they need.
	Commands = "/run/caisson"
	// Quick is in memory: for small files of an interpreter that are written and read at once.
	Quick = "/run/guest"
	// Outputs is where guest code leaves artifacts.
	Outputs = "/tmp/outputs"
)

// Machine is what is known of a machine that was booted.
type Machine struct {
	Template string
	// GuestBytes is the memory that guest code may have, all of it together.
	GuestBytes uint64
}

// Boot makes the machine ready for an agent. It is called once, by process 1.
func Boot(uid, gid int) (Machine, error) {
	if err := mountAll(early); err != nil {
		return Machine{}, err
	}
	if err := loadModules(modulesDirectory); err != nil {
		return Machine{}, err
	}
	layers, err := disks()
	if err != nil {
		return Machine{}, err
	}
	if err := layers.stack(); err != nil {
		return Machine{}, err
	}
	if err := layers.enter(); err != nil {
		return Machine{}, err
	}
	if err := mountAll(late); err != nil {
		return Machine{}, err
	}
	if err := linkAll(); err != nil {
		return Machine{}, err
	}
	if err := furnish(uid, gid); err != nil {
		return Machine{}, err
	}
	if err := loopback(); err != nil {
		return Machine{}, err
	}
	if err := restrict(); err != nil {
		return Machine{}, err
	}
	if err := confine(); err != nil {
		return Machine{}, err
	}
	return describe()
}

// upperOptions are for a disk that is lost with the memory of its machine: a file that is written anew need not be on it when it is
// closed, and nothing is looked up ahead in the background, in each machine that goes on from the same moment.
const upperOptions = "noauto_da_alloc,no_prefetch_block_bitmaps"

func disks() (Layers, error) {
	base, err := findDisk(blocks, baseSerial)
	if err != nil {
		return Layers{}, err
	}
	upper, err := findDisk(blocks, upperSerial)
	if err != nil {
		return Layers{}, err
	}
	return Layers{
		Base:  mount{base, "/base", "erofs", unix.MS_RDONLY | unix.MS_NODEV, "", 0o755},
		Upper: mount{upper, "/upper", "ext4", unix.MS_NODEV | unix.MS_NOATIME, upperOptions, 0o755},
		Root:  "/root",
	}, nil
}

// furnish makes the directories that guest code is promised.
func furnish(uid, gid int) error {
	for _, d := range []struct {
		path    string
		mode    os.FileMode
		isGuest bool
	}{
		{"/tmp", 0o777 | os.ModeSticky, false},
		{Outputs, 0o755, true},
		{"/workspace", 0o755, true},
		{Commands, 0o755, false},
		{Quick, 0o700, true},
		{Groups, 0o755, false},
	} {
		if err := os.MkdirAll(d.path, d.mode); err != nil {
			return fmt.Errorf("make %s: %w", d.path, err)
		}
		if err := os.Chmod(d.path, d.mode); err != nil {
			return fmt.Errorf("make %s: %w", d.path, err)
		}
		if !d.isGuest {
			continue
		}
		if err := os.Chown(d.path, uid, gid); err != nil {
			return fmt.Errorf("make %s: %w", d.path, err)
		}
	}
	return nil
}

// describe reads what the kernel says of the machine.
func describe() (Machine, error) {
	text, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return Machine{}, err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return Machine{}, err
	}
	m := machineOf(string(text))
	m.GuestBytes = guestBytes(available(string(memory)))
	return m, nil
}

// reserveMax is what is kept of the memory for the agent and for what the kernel does for it, if there is enough.
const reserveMax = 32 << 20

// guestBytes is how much of what is free may be guest code's. With it, guest code that takes all that it can get takes nothing that
// the agent needs.
func guestBytes(free uint64) uint64 { return free - min(free/4, reserveMax) }

// available is the memory that is free, or would be.
func available(meminfo string) uint64 {
	for line := range strings.Lines(meminfo) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kibibytes, _ := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kibibytes << 10
		}
	}
	return 0
}

func machineOf(commandLine string) Machine {
	var m Machine
	for word := range strings.FieldsSeq(commandLine) {
		if template, ok := strings.CutPrefix(word, templateWord); ok {
			m.Template = template
		}
	}
	return m
}

// PowerOff ends the machine.
func PowerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}
