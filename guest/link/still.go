package link

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Still is a channel that a program can stand still on. A guest that goes on from a snapshot runs everything for the first time, often
// in software that has to translate it first: so it goes on inside of the one read that it needs, and not in a scheduler that looks
// for what there is to do.
type Still interface {
	// Settle says whether whoever reads is to hold a processor of this program while there is nothing to read. Others have it now and
	// then, and before.
	Settle(isTo bool)
	// WriteAtOnce writes bytes if the channel takes them without waiting. It counts on one that takes as many as a welcome has as a
	// whole or not at all.
	WriteAtOnce(bytes []byte) bool
}

// still is a file that can be stood still on. A deadline that is long ago brings whoever reads here; it is set when somebody asks for
// the first time, and taken back here.
type still struct {
	*os.File
	descriptor uintptr
	isAsked    atomic.Bool
	ahead      int // the thread that comes before all others, or 0; only whoever reads knows
}

const (
	// poisedFor is how long whoever reads looks again and again: by then the guest is stopped, and goes on from there.
	poisedFor = 100 * time.Millisecond
	// heldAtOnce is how long a processor is held before others have it.
	heldAtOnce = 250 * time.Millisecond
)

var (
	longAgo = time.Unix(1, 0)
	never   time.Time
)

func newStill(descriptor int, name string) *still {
	return &still{File: os.NewFile(uintptr(descriptor), name), descriptor: uintptr(descriptor)}
}

func (s *still) Settle(isTo bool) {
	if s.isAsked.Swap(isTo) == isTo {
		return
	}
	deadline := never
	if isTo {
		deadline = longAgo
	}
	_ = s.SetReadDeadline(deadline)
}

// stand waits for something to read, for as long as that is asked for. It returns 0 if there is nothing.
func (s *still) stand(bytes []byte) int {
	_ = s.SetReadDeadline(never)
	runtime.Gosched() // who has something to do does it first
	if n := s.lookOut(bytes); n > 0 {
		return n
	}
	for {
		if !s.isAsked.Load() {
			return 0
		}
		if s.isReadable() {
			s.isAsked.Store(false)
			return s.atOnce(unix.SYS_READ, bytes)
		}
		runtime.Gosched()
	}
}

// lookOut looks again and again for something to read. Meanwhile, and until it reads again, its thread comes before everybody else of
// the guest: nothing is between what it hears and what it answers then. On a kernel that does not let it, others take their turns.
func (s *still) lookOut(bytes []byte) int {
	s.ahead = unix.Gettid()
	schedule(s.ahead, unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 1})
	for until := time.Now().Add(poisedFor); s.isAsked.Load() && time.Now().Before(until); {
		if n := s.atOnce(unix.SYS_READ, bytes); n > 0 {
			s.isAsked.Store(false)
			return n
		}
	}
	s.fallBack()
	return 0
}

// fallBack lets others take their turns again.
func (s *still) fallBack() {
	if s.ahead != 0 {
		schedule(s.ahead, unix.SchedAttr{Policy: unix.SCHED_NORMAL})
		s.ahead = 0
	}
}

func schedule(thread int, attr unix.SchedAttr) {
	attr.Size, attr.Flags = unix.SizeofSchedAttr, unix.SCHED_FLAG_RESET_ON_FORK
	_ = unix.SchedSetAttr(thread, &attr, 0)
}

func (s *still) isReadable() bool {
	wanted := unix.PollFd{Fd: int32(s.descriptor), Events: unix.POLLIN}
	wait := unix.NsecToTimespec(int64(heldAtOnce))
	n, _, failure := unix.RawSyscall6(
		unix.SYS_PPOLL, uintptr(unsafe.Pointer(&wanted)), 1, uintptr(unsafe.Pointer(&wait)), 0, 0, 0,
	)
	return failure != unix.EINTR && (failure != 0 || n > 0)
}

func (s *still) WriteAtOnce(bytes []byte) bool {
	n := s.atOnce(unix.SYS_WRITE, bytes)
	if n > 0 && n < len(bytes) {
		_, _ = s.Write(bytes[n:]) // a channel that fails shows it to whoever reads
	}
	return n > 0
}

func (s *still) atOnce(call uintptr, bytes []byte) int {
	if len(bytes) == 0 {
		return 0
	}
	n, _, failure := unix.RawSyscall(call, s.descriptor, uintptr(unsafe.Pointer(&bytes[0])), uintptr(len(bytes)))
	if failure != 0 {
		return 0
	}
	return int(n)
}
