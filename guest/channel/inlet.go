package channel

import (
	"errors"
	"io"
	"sync"

	"caisson/guest/frame"
)

// Inlet is the bytes of one lane from the host, until they are read. The host keeps to the window; bytes beyond it are its error.
type Inlet struct {
	mu      sync.Mutex
	changed sync.Cond
	held    []byte
	taken   uint64
	told    uint64
	isEnded bool
	failure error
	credit  func(taken uint64)
}

// ErrReset is what a reader gets when the host has no more interest in the stream, or is gone.
var ErrReset = errors.New("the host has left the stream")

var errWindow = errors.New("more bytes than the window has")

func newInlet(credit func(taken uint64)) *Inlet {
	i := &Inlet{credit: credit}
	i.changed.L = &i.mu
	return i
}

// Read waits for bytes, and lets the host send as many more.
func (i *Inlet) Read(p []byte) (int, error) {
	i.mu.Lock()
	for len(i.held) == 0 && !i.isEnded && i.failure == nil {
		i.changed.Wait()
	}
	if i.failure != nil || len(i.held) == 0 {
		defer i.mu.Unlock()
		if i.failure != nil {
			return 0, i.failure
		}
		return 0, io.EOF
	}
	n := copy(p, i.held)
	i.held = i.held[n:]
	i.taken += uint64(n)
	taken, isDue := i.taken, i.taken-i.told >= frame.Window/4
	if isDue {
		i.told = taken
	}
	i.mu.Unlock()
	if isDue {
		i.credit(taken)
	}
	return n, nil
}

func (i *Inlet) add(p []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.isEnded || i.taken+uint64(len(i.held)+len(p))-i.told > frame.Window {
		return errWindow
	}
	i.held = append(i.held, p...)
	i.changed.Broadcast()
	return nil
}

func (i *Inlet) end() {
	i.mu.Lock()
	i.isEnded = true
	i.changed.Broadcast()
	i.mu.Unlock()
}

func (i *Inlet) fail(err error) {
	i.mu.Lock()
	i.failure = err
	i.held = nil
	i.changed.Broadcast()
	i.mu.Unlock()
}
