package interpreter

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	lengthBytes = 4
	// recordBytesMax is more than any record has whose parts keep to their limits.
	recordBytesMax = 160 << 20
)

// readRecord reads a JSON text with its length before it.
func readRecord(from io.Reader, into any) error {
	var head [lengthBytes]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > recordBytesMax {
		return fmt.Errorf("a record of %d bytes", length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(from, text); err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func record(message any) ([]byte, error) {
	bytes := make([]byte, lengthBytes)
	text, err := encode(message)
	if err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(bytes, uint32(len(text)))
	return append(bytes, text...), nil
}

// outbox writes records in their order, however long the other side takes: whoever sends does not wait.
type outbox struct {
	mu      sync.Mutex
	filled  sync.Cond
	waiting [][]byte
	written chan struct{} // is closed when nothing waits, if somebody wants to know
}

func newOutbox(to io.Writer) *outbox {
	o := &outbox{}
	o.filled.L = &o.mu
	go o.deliver(to)
	return o
}

func (o *outbox) send(message any) {
	bytes, err := record(message)
	if err != nil {
		return // what is sent was made here, and has a text
	}
	o.mu.Lock()
	o.waiting = append(o.waiting, bytes)
	o.mu.Unlock()
	o.filled.Signal()
}

// flush waits until all is written, and no longer than it may take.
func (o *outbox) flush(most time.Duration) {
	written := make(chan struct{})
	o.mu.Lock()
	o.written = written
	o.mu.Unlock()
	o.filled.Signal()
	select {
	case <-written:
	case <-time.After(most):
	}
}

func (o *outbox) deliver(to io.Writer) {
	for {
		o.mu.Lock()
		for len(o.waiting) == 0 {
			if o.written != nil {
				close(o.written)
				o.written = nil
			}
			o.filled.Wait()
		}
		batch := o.waiting
		o.waiting = nil
		o.mu.Unlock()
		for _, bytes := range batch {
			if _, err := to.Write(bytes); err != nil {
				return
			}
		}
	}
}
