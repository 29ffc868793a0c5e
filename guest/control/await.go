package control

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const awaitMax = 2 * time.Second

// ErrLate is returned when processes do not come to rest.
var ErrLate = errors.New("the processes of the groups did not come to rest")

// awaitFrozen waits until the kernel says that all processes stand still.
func (h *Hierarchy) awaitFrozen() error {
	return await(filepath.Join(h.directory, "cgroup.events"), "frozen 1")
}

// AwaitEmpty waits until no process is in the group.
func (g *Group) AwaitEmpty() error {
	return await(filepath.Join(g.directory, "cgroup.events"), "populated 0")
}

// await waits until a file of events has a word in it. The kernel tells of a change as an exceptional condition of the file.
func await(path, word string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	deadline := time.Now().Add(awaitMax)
	text := make([]byte, 4_096)
	for {
		n, err := file.ReadAt(text, 0)
		if n == 0 {
			return err
		}
		if strings.Contains(string(text[:n]), word) {
			return nil
		}
		left := time.Until(deadline).Milliseconds()
		if left <= 0 {
			return ErrLate
		}
		events := []unix.PollFd{{Fd: int32(file.Fd()), Events: unix.POLLPRI}}
		if _, err := unix.Poll(events, int(left)); err != nil && err != unix.EINTR {
			return err
		}
	}
}
