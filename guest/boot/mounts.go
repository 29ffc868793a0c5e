package boot

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mount is one file system and where it is.
type mount struct {
	source string
	target string
	kind   string
	flags  uintptr
	data   string
	mode   os.FileMode
}

const (
	strict = unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOSUID
	loose  = unix.MS_NODEV | unix.MS_NOSUID
)

// early is what the agent needs to find its disks.
var early = []mount{
	{"devtmpfs", "/dev", "devtmpfs", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0755", 0o755},
	{"proc", "/proc", "proc", strict, "", 0o555},
	{"sysfs", "/sys", "sysfs", strict, "", 0o555},
}

// moved are the mounts that come along when the root becomes another.
var moved = []string{"/dev", "/proc", "/sys"}

// late is what programs expect. Processes of others are not seen by guest code.
var late = []mount{
	{"", "/proc", "", unix.MS_REMOUNT | strict, "hidepid=invisible", 0o555},
	{"devpts", "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666", 0o755},
	{"tmpfs", "/dev/shm", "tmpfs", loose, "mode=1777", 0o1777},
	{"tmpfs", "/run", "tmpfs", loose, "mode=0755", 0o755},
	{"cgroup2", "/sys/fs/cgroup", "cgroup2", strict, "nsdelegate", 0o555},
}

// links are the names by which programs open what they have open already. The kernel makes none of them.
var links = []struct{ name, to string }{
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
}

// linkAll makes what is in the table.
func linkAll() error {
	for _, l := range links {
		if err := os.Symlink(l.to, l.name); err != nil {
			return err
		}
	}
	return nil
}

// mountAll mounts what is in a table, in its order. What the kernel has mounted itself is there already.
func mountAll(table []mount) error {
	for _, m := range table {
		if err := m.do(); err != nil {
			return err
		}
	}
	return nil
}

func (m mount) do() error {
	if err := os.MkdirAll(m.target, m.mode); err != nil {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data)
	if err != nil && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	return nil
}
