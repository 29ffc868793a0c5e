// Package reap owns waitpid: every child of this process, started or inherited, is waited for here and nowhere else.
package reap

import (
	"os"
	"os/signal"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ended is how a child ended, and what it used.
type Ended struct {
	Status unix.WaitStatus
	Usage  unix.Rusage
}

// Leftovers says what becomes of the process group of a child that has ended.
type Leftovers bool

const (
	Stay Leftovers = false
	End  Leftovers = true
)

type child struct {
	told      chan<- Ended
	leftovers Leftovers
}

// Reaper waits for children. There is one in a process.
type Reaper struct {
	mu       sync.Mutex
	children map[int]child
}

// Begin starts to wait. Orphans of children become children as well, and are waited for.
func Begin() (*Reaper, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, err
	}
	r := &Reaper{children: map[int]child{}}
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	go func() {
		for range died {
			r.collect()
		}
	}()
	return r, nil
}

// Start starts a child that leads a process group. Its end is told even if it comes before Start returns.
func (r *Reaper) Start(start func() (int, error), leftovers Leftovers) (pid int, ended <-chan Ended, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err = start()
	if err != nil {
		return 0, nil, err
	}
	told := make(chan Ended, 1)
	r.children[pid] = child{told, leftovers}
	return pid, told, nil
}

// Adopt has it told of the end of a process that is no child yet, but becomes one when its parents have ended. Of one that has
// ended before, or ends while it has a parent, nothing is told.
func (r *Reaper) Adopt(pid int) <-chan Ended {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := make(chan Ended, 1)
	r.children[pid] = child{told, Stay}
	return told
}

// collect waits for all that have ended. It holds the lock, so that no child ends before it is known; signals of children that end
// at the same time may come as one.
func (r *Reaper) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		pid := ended()
		if pid <= 0 {
			return
		}
		known, isKnown := r.children[pid]
		if isKnown && known.leftovers == End {
			// Until it is waited for, nobody else can have the number of its group.
			_ = unix.Kill(-pid, unix.SIGKILL)
		}
		var e Ended
		if _, err := unix.Wait4(pid, &e.Status, 0, &e.Usage); err != nil {
			return
		}
		if isKnown {
			delete(r.children, pid)
			known.told <- e
		}
	}
}

// The place of the process id in what waitid tells, on machines whose words have 8 bytes.
const pidOffset = 16

// ended is a child that has ended and was not waited for yet, or 0.
func ended() int {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0
		}
		return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), pidOffset)))
	}
}

// Kill signals the process group of a child that was not waited for yet, so that its number cannot be another's.
func (r *Reaper) Kill(leader int, s unix.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.children[leader]; ok {
		_ = unix.Kill(-leader, s)
	}
}
