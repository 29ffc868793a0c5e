// Package channel carries many streams over one byte channel.
package channel

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"caisson/guest/frame"
	"caisson/guest/link"
	"caisson/guest/message"
)

const streamsMax = 256

var (
	errKind = errors.New("a frame that a host does not send")
	// ErrTooMany is returned when there are as many streams as there may be.
	ErrTooMany = errors.New("too many streams")
)

// Conn is one connection: what is between a hello and the next one.
//
//	C1. Hear never waits for the host: a lane has room for a window, and everything else is answered by whoever sends.
//	C2. Frames are numbered in the order in which they are written, by the one who writes: the first perhaps by whoever begins the
//	    connection, all others by Write.
//	C3. What is about the connection goes before streams; streams take turns, a chunk each.
//	C4. A quiet connection sends nothing of streams, but results of those that have no lanes. While it has nothing to send, a
//	    channel that can stands still.
type Conn struct {
	epoch    uint16
	serve    func(*Stream, []byte)
	sequence uint32 // of the next frame to be written, by the one who writes

	mu       sync.Mutex
	changed  sync.Cond
	control  []frame.Frame
	queue    []*Stream
	streams  map[uint32]*Stream
	heard    uint32 // the sequence of the next frame of the host
	lastHost uint32
	resets   func(stream uint32)
	isQuiet  bool
	isClosed bool
	isLast   bool // what is in control is still to be written
}

// NewConn makes a connection. serve is called, in a goroutine of its own, with every stream that the host opens; resets with every
// stream that it resets, those that are over among them.
func NewConn(epoch uint16, heard uint32, serve func(*Stream, []byte), resets func(stream uint32)) *Conn {
	c := &Conn{epoch: epoch, heard: heard, serve: serve, resets: resets, streams: map[uint32]*Stream{}}
	c.changed.L = &c.mu
	return c
}

// Epoch is the number of the connection.
func (c *Conn) Epoch() uint16 { return c.epoch }

// WriteAtOnce writes the frame that Control was given before anybody else had the connection, if the channel takes it without waiting.
func (c *Conn) WriteAtOnce(to io.Writer, lock *sync.Mutex) {
	channel, ok := to.(link.Still)
	if !ok || !lock.TryLock() {
		return
	}
	defer lock.Unlock()
	if channel.WriteAtOnce(c.encode(nil, c.control[0])) {
		c.control = c.control[1:]
		c.sequence++
	}
}

// Write writes frames until the connection is closed or the channel fails. Between two frames it holds the lock of the channel, so
// that a connection that comes after this one never begins inside of a frame.
func (c *Conn) Write(to io.Writer, lock *sync.Mutex) {
	settle := func(bool) {}
	if channel, ok := to.(link.Still); ok {
		settle = channel.Settle
	}
	var buffer []byte
	for {
		f, ok := c.take(settle)
		if !ok {
			return
		}
		buffer = c.encode(buffer[:0], f)
		c.sequence++
		if !c.write(to, lock, buffer) {
			return
		}
	}
}

func (c *Conn) encode(dst []byte, f frame.Frame) []byte {
	f.Epoch, f.Sequence = c.epoch, c.sequence
	return frame.Append(dst, f)
}

// write says whether there is more to do. A connection that was closed while it waited for the channel writes nothing more.
func (c *Conn) write(to io.Writer, lock *sync.Mutex, bytes []byte) bool {
	lock.Lock()
	defer lock.Unlock()
	c.mu.Lock()
	isOver := c.isClosed && !c.isLast
	c.mu.Unlock()
	if isOver {
		return false
	}
	if _, err := to.Write(bytes); err != nil {
		c.Close()
		return false
	}
	return true
}

// take waits for the next frame to write, and says meanwhile whether all may stand still.
func (c *Conn) take(settle func(isTo bool)) (frame.Frame, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if len(c.control) > 0 {
			f := c.control[0]
			c.control = c.control[1:]
			return f, true
		}
		if c.isClosed {
			return frame.Frame{}, false
		}
		settle(c.isQuiet)
		if len(c.queue) == 0 || c.isQuiet {
			c.changed.Wait()
			continue
		}
		s := c.queue[0]
		c.queue = c.queue[1:]
		s.isReady = false
		if f, ok := s.next(); ok {
			c.ready(s)
			return f, true
		}
	}
}

// Control sends a frame about the connection itself.
func (c *Conn) Control(kind frame.Kind, stream uint32, payload []byte) {
	c.mu.Lock()
	c.control = append(c.control, frame.Frame{Kind: kind, Stream: stream, Payload: payload})
	c.changed.Signal()
	c.mu.Unlock()
}

func (c *Conn) quieten(isQuiet bool) {
	c.mu.Lock()
	c.isQuiet = isQuiet
	c.changed.Signal()
	c.mu.Unlock()
}

// Last ends every stream, and the connection itself when a last frame was written.
func (c *Conn) Last(kind frame.Kind, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	c.control = []frame.Frame{{Kind: kind, Payload: payload}}
	c.isLast = true
}

// Mute lets nothing more be written, but a frame that was begun. What else there is to an end, Close does.
func (c *Conn) Mute() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isClosed, c.isLast = true, false
	c.control = nil
}

// Close ends every stream. Nothing more is written, but a frame that was begun.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	c.control = nil
	c.isLast = false
}

func (c *Conn) end() {
	c.isClosed = true
	for _, s := range c.streams {
		c.drop(s)
	}
	c.queue = nil
	c.changed.Signal()
}

// Hear takes a frame of the host. With an error the connection is broken.
func (c *Conn) Hear(f frame.Frame) error {
	if f.Sequence != c.heard {
		return fmt.Errorf("frame %d came in place of frame %d", f.Sequence, c.heard)
	}
	c.heard++
	switch f.Kind {
	case frame.Ping:
		c.Control(frame.Pong, 0, f.Payload)
		return nil
	case frame.Open:
		return c.open(f)
	case frame.Reset:
		c.reset(f.Stream)
		return nil
	case frame.Data, frame.End, frame.Credit, frame.Note:
		c.mu.Lock()
		s := c.streams[f.Stream]
		c.mu.Unlock()
		if s == nil {
			return nil // it is over, which the host did not know yet
		}
		return s.hear(f)
	default:
		return errKind
	}
}

func (c *Conn) open(f frame.Frame) error {
	c.mu.Lock()
	if f.Stream%2 != 1 || f.Stream <= c.lastHost {
		c.mu.Unlock()
		return fmt.Errorf("stream %d cannot be opened", f.Stream)
	}
	c.lastHost = f.Stream
	if len(c.streams) >= streamsMax {
		c.mu.Unlock()
		refusal, err := message.Encode(message.Refused{Error: message.Refusal{Code: "TooMany", Message: ErrTooMany.Error()}})
		c.Control(frame.Result, f.Stream, refusal)
		return err
	}
	s := newStream(c, f.Stream)
	c.streams[s.ID] = s
	c.mu.Unlock()
	go c.serve(s, f.Payload)
	return nil
}

func (c *Conn) reset(id uint32) {
	c.mu.Lock()
	if s := c.streams[id]; s != nil {
		s.isReset = true
		c.drop(s)
	}
	c.mu.Unlock()
	c.resets(id)
}

// drop forgets a stream; the connection is locked.
func (c *Conn) drop(s *Stream) {
	s.isOver = true
	delete(c.streams, s.ID)
	s.leave()
}

func (c *Conn) wake(s *Stream) {
	c.mu.Lock()
	c.ready(s)
	c.mu.Unlock()
}

// ready puts a stream at the end of the queue; the connection is locked.
func (c *Conn) ready(s *Stream) {
	if s.isReady || s.isOver {
		return
	}
	s.isReady = true
	c.queue = append(c.queue, s)
	c.changed.Signal()
}
