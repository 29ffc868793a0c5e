package channel

import (
	"errors"
	"io"
	"sync"

	"caisson/guest/frame"
)

// Outlet is the bytes of one lane to the host: those that were written and that the host is not known to have taken.
//
//	O1. It holds at most a window. A writer that is further ahead than that waits, connected or not.
//	O2. What was sent is kept until the host has taken it, so that another connection can go on where the last one ended.
//	O3. At most one stream sends it at a time.
type Outlet struct {
	mu      sync.Mutex
	changed sync.Cond
	held    []byte
	taken   uint64 // the position of held[0]
	sent    uint64
	isEnded bool
	toldEnd bool
	isGone  bool // nobody will ever take anything
	wake    func()
}

// ErrBytesLost is returned for a position whose bytes are not held.
var ErrBytesLost = errors.New("the bytes from there on are not kept")

// NewOutlet makes an outlet that nobody sends.
func NewOutlet() *Outlet {
	o := &Outlet{wake: func() {}}
	o.changed.L = &o.mu
	return o
}

// Write waits until all of the bytes are held. After Discard it takes everything and keeps nothing.
func (o *Outlet) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, wake := o.add(p[written:])
		if n == 0 {
			return len(p), nil
		}
		written += n
		wake()
	}
	return written, nil
}

func (o *Outlet) add(p []byte) (int, func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.held) >= frame.Window && !o.isGone {
		o.changed.Wait()
	}
	if o.isGone {
		return 0, o.wake
	}
	n := min(len(p), frame.Window-len(o.held))
	o.held = append(o.held, p[:n]...)
	return n, o.wake
}

// Close says that nothing more is written.
func (o *Outlet) Close() error {
	o.mu.Lock()
	o.isEnded = true
	wake := o.wake
	o.mu.Unlock()
	wake()
	return nil
}

// Discard lets go of everything, and of every writer that waits.
func (o *Outlet) Discard() {
	o.mu.Lock()
	o.isGone = true
	o.taken += uint64(len(o.held))
	o.sent = o.taken
	o.held = nil
	o.changed.Broadcast()
	o.mu.Unlock()
}

// Total is the number of bytes that were ever written.
func (o *Outlet) Total() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.taken + uint64(len(o.held))
}

// Holds says whether a stream could go on from a position.
func (o *Outlet) Holds(from uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.holds(from)
}

func (o *Outlet) holds(from uint64) bool {
	return from >= o.taken && from <= o.taken+uint64(len(o.held))
}

// bind lets a stream send what is held from a position on; wake is called whenever there may be something to send.
func (o *Outlet) bind(from uint64, wake func()) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.holds(from) {
		return ErrBytesLost
	}
	o.drop(from)
	o.sent = from
	o.toldEnd = false
	o.wake = wake
	return nil
}

// unbind is called when a connection ends.
func (o *Outlet) unbind() {
	o.mu.Lock()
	o.wake = func() {}
	o.mu.Unlock()
}

// next gives the bytes that are to be sent now; io.EOF once, after the last of them, and nothing if the host has to take some first.
func (o *Outlet) next() ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	unsent := o.held[o.sent-o.taken:]
	if len(unsent) > 0 {
		chunk := append([]byte(nil), unsent[:min(len(unsent), frame.ChunkMax)]...)
		o.sent += uint64(len(chunk))
		return chunk, nil
	}
	if o.isEnded && !o.toldEnd {
		o.toldEnd = true
		return nil, io.EOF
	}
	return nil, nil
}

// isFinished says whether all was sent and the host knows that it was all.
func (o *Outlet) isFinished() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.toldEnd
}

// credit hears how many bytes the host has taken.
func (o *Outlet) credit(taken uint64) {
	o.mu.Lock()
	if taken > o.taken && taken <= o.sent {
		o.drop(taken)
	}
	wake := o.wake
	o.mu.Unlock()
	wake()
}

func (o *Outlet) drop(until uint64) {
	o.held = append(o.held[:0:0], o.held[until-o.taken:]...)
	o.taken = until
	o.changed.Broadcast()
}
