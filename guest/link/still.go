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
	// Settle lets one read hold a processor of this program until the host says something, but for a moment now and then.
	Settle()
	// WriteAtOnce writes all bytes, or none of them if the channel does not take them without waiting.
	WriteAtOnce(bytes []byte) bool
}

// still is a file that can be stood still on. It does not wait by itself.
type still struct {
	*os.File
	descriptor uintptr
	isToSettle atomic.Bool
}

// heldAtOnce is how long others in this program wait at most.
const heldAtOnce = 250 * time.Millisecond

var (
	longAgo = time.Unix(1, 0)
	never   time.Time
)

func newStill(descriptor int, name string) *still {
	return &still{File: os.NewFile(uintptr(descriptor), name), descriptor: uintptr(descriptor)}
}

// Settle ends a read that waits in the scheduler with an error, whose reader calls readSettled then.
func (s *still) Settle() {
	s.isToSettle.Store(true)
	_ = s.SetReadDeadline(longAgo)
}

// readSettled returns 0 if it was not asked to settle, or if what it has waited for is the end of the bytes.
func (s *still) readSettled(bytes []byte) int {
	if !s.isToSettle.Swap(false) {
		return 0
	}
	_ = s.SetReadDeadline(never)
	for !s.isReadable() {
		runtime.Gosched() // who was not done after all goes on
	}
	return s.atOnce(unix.SYS_READ, bytes)
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
