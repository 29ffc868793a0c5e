package channel

import (
	"context"
	"errors"
	"io"

	"caisson/guest/frame"
	"caisson/guest/message"
)

// Stream is one request of the host on one connection.
//
// Its fields below the line are guarded by the connection.
type Stream struct {
	ID uint32
	// In has the bytes of lane 0.
	In *Inlet
	// Context ends when the host resets the stream, or the connection ends.
	Context context.Context
	// Instructions has what the host says meanwhile; those that nobody takes are dropped.
	Instructions chan message.Instruction

	conn   *Conn
	cancel context.CancelFunc
	// ---
	frames  []frame.Frame // notes and credits, in order
	lanes   [3]*Outlet
	result  []byte
	isReady bool // it is in the connection's queue
	isOver  bool
	isReset bool // by the host
	wasTurn frame.Lane
}

const instructionsMax = 64

func newStream(conn *Conn, id uint32) *Stream {
	s := &Stream{ID: id, conn: conn, Instructions: make(chan message.Instruction, instructionsMax)}
	s.Context, s.cancel = context.WithCancel(context.Background())
	s.In = newInlet(func(taken uint64) {
		s.push(frame.Frame{Kind: frame.Credit, Lane: frame.Input, Payload: frame.EncodeCredit(taken)})
	})
	return s
}

// Note sends something small.
func (s *Stream) Note(note any) error {
	payload, err := message.Encode(note)
	if err != nil {
		return err
	}
	s.push(frame.Frame{Kind: frame.Note, Payload: payload})
	return nil
}

// Send lets the outlet be sent as a lane, from a position on. The stream's result comes after the ends of all its lanes.
func (s *Stream) Send(lane frame.Lane, o *Outlet, from uint64) error {
	if err := o.bind(from, func() { s.conn.wake(s) }); err != nil {
		return err
	}
	s.conn.mu.Lock()
	s.lanes[lane] = o
	s.conn.ready(s)
	s.conn.mu.Unlock()
	return nil
}

// Output makes an outlet and sends it as lane 1.
func (s *Stream) Output() *Outlet {
	o := NewOutlet()
	_ = s.Send(frame.Output, o, 0) // an empty outlet has its first position
	context.AfterFunc(s.Context, o.Discard)
	return o
}

// Finish ends the stream with a result, once all lanes are sent.
func (s *Stream) Finish(result any) error {
	payload, err := message.Encode(result)
	if err != nil {
		return err
	}
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.conn.isQuiet && s.lanes == [3]*Outlet{} && !s.isOver {
		s.conn.drop(s)
		s.conn.control = append(s.conn.control, frame.Frame{Kind: frame.Result, Stream: s.ID, Payload: payload})
		s.conn.changed.Signal()
		return nil
	}
	s.result = payload
	s.conn.ready(s)
	return nil
}

// Quieten lets the connection send nothing more of streams but the results of those that have no lanes, or everything again.
func (s *Stream) Quieten(isQuiet bool) { s.conn.quieten(isQuiet) }

// IsReset says whether the host has reset the stream.
func (s *Stream) IsReset() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.isReset
}

func (s *Stream) push(f frame.Frame) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	f.Stream = s.ID
	s.frames = append(s.frames, f)
	s.conn.ready(s)
}

// next gives what is to be sent now; the connection is locked.
func (s *Stream) next() (frame.Frame, bool) {
	if len(s.frames) > 0 {
		f := s.frames[0]
		s.frames = s.frames[1:]
		return f, true
	}
	isFinished := true
	for range frame.Errors {
		s.wasTurn = s.wasTurn%frame.Errors + 1
		o := s.lanes[s.wasTurn]
		if o == nil {
			continue
		}
		chunk, err := o.next()
		if errors.Is(err, io.EOF) {
			return frame.Frame{Kind: frame.End, Lane: s.wasTurn, Stream: s.ID}, true
		}
		if chunk != nil {
			return frame.Frame{Kind: frame.Data, Lane: s.wasTurn, Stream: s.ID, Payload: chunk}, true
		}
		isFinished = isFinished && o.isFinished()
	}
	if s.result != nil && isFinished {
		f := frame.Frame{Kind: frame.Result, Stream: s.ID, Payload: s.result}
		s.conn.drop(s)
		return f, true
	}
	return frame.Frame{}, false
}

func (s *Stream) hear(f frame.Frame) error {
	switch f.Kind {
	case frame.Data:
		return s.In.add(f.Payload)
	case frame.End:
		s.In.end()
	case frame.Credit:
		taken, ok := frame.DecodeCredit(f.Payload)
		s.conn.mu.Lock()
		o := s.lanes[f.Lane]
		s.conn.mu.Unlock()
		if ok && o != nil {
			o.credit(taken)
		}
	case frame.Note:
		var instruction message.Instruction
		if err := message.Decode(f.Payload, &instruction); err != nil {
			return err
		}
		select {
		case s.Instructions <- instruction:
		default:
		}
	default:
		return errKind
	}
	return nil
}

// leave ends whatever waits for the host.
func (s *Stream) leave() {
	s.cancel()
	s.In.fail(ErrReset)
	for _, o := range s.lanes {
		if o != nil {
			o.unbind()
		}
	}
}
