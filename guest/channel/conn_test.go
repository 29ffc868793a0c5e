package channel

import (
	"bytes"
	"io"
	"sync"
	"testing"

	"caisson/guest/frame"
	"caisson/guest/message"
)

// host reads what a connection writes.
type host struct {
	t      *testing.T
	reader *frame.Reader
	sent   uint32
	conn   *Conn
}

func connect(t *testing.T, serve func(*Stream, []byte)) *host {
	from, to := io.Pipe()
	conn := NewConn(3, 0, serve, func(uint32) {})
	go conn.Write(to, &sync.Mutex{})
	t.Cleanup(func() {
		conn.Close()
		_ = from.Close()
	})
	return &host{t: t, reader: frame.NewReader(from), conn: conn}
}

func (h *host) say(f frame.Frame) error {
	f.Epoch, f.Sequence = 3, h.sent
	h.sent++
	return h.conn.Hear(f)
}

func (h *host) hear() frame.Frame {
	h.t.Helper()
	f, err := h.reader.Next()
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

func TestStreamsTakeTurnsAndAPingGoesBefore(t *testing.T) {
	ready := make(chan struct{}, 2)
	h := connect(t, func(s *Stream, _ []byte) {
		o := NewOutlet()
		_, _ = o.Write(pattern(frame.Window))
		_ = o.Close()
		_ = s.Send(frame.Output, o, 0)
		_ = s.Finish(message.Succeeded{OK: message.Done{}})
		ready <- struct{}{}
	})
	for _, id := range []uint32{1, 3} {
		if err := h.say(frame.Frame{Kind: frame.Open, Stream: id}); err != nil {
			t.Fatal(err)
		}
	}
	<-ready
	<-ready
	if err := h.say(frame.Frame{Kind: frame.Ping, Payload: []byte{7}}); err != nil {
		t.Fatal(err)
	}
	var order []uint32
	results, sequence, pong := 0, uint32(0), -1
	for i := 0; results < 2; i++ {
		f := h.hear()
		if f.Sequence != sequence {
			t.Fatalf("frame %d in place of %d", f.Sequence, sequence)
		}
		sequence++
		switch f.Kind {
		case frame.Data:
			order = append(order, f.Stream)
		case frame.Pong:
			pong = i
		case frame.Result:
			results++
		}
	}
	if len(order) != 2*frame.Window/frame.ChunkMax {
		t.Fatalf("%d chunks", len(order))
	}
	if pong < 0 || pong > 4 {
		t.Errorf("the pong came as frame %d", pong)
	}
	// The one that was there first has less left at the end.
	for i := 3; i+4 < len(order); i++ {
		if order[i] == order[i+1] {
			t.Fatalf("one stream went twice: %v", order)
		}
	}
}

func TestWhatAHostDoesNotSayBreaksTheConnection(t *testing.T) {
	for name, f := range map[string]frame.Frame{
		"a pong":                       {Kind: frame.Pong},
		"an even stream":               {Kind: frame.Open, Stream: 2},
		"stream 0":                     {Kind: frame.Open},
		"a frame that does not follow": {Kind: frame.Ping, Sequence: 5},
	} {
		h := connect(t, func(*Stream, []byte) {})
		f.Epoch = 3
		if err := h.conn.Hear(f); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestMoreStreamsThanThereMayBeAreRefused(t *testing.T) {
	h := connect(t, func(s *Stream, _ []byte) { <-s.Context.Done() })
	for id := uint32(1); id < 2*streamsMax+2; id += 2 {
		if err := h.say(frame.Frame{Kind: frame.Open, Stream: id}); err != nil {
			t.Fatal(err)
		}
	}
	f := h.hear()
	if f.Kind != frame.Result || f.Stream != 2*streamsMax+1 {
		t.Errorf("%v", f)
	}
}

func TestAConnectionThatWasClosedWritesNothing(t *testing.T) {
	from, to := io.Pipe()
	conn := NewConn(3, 0, func(*Stream, []byte) {}, func(uint32) {})
	var lock sync.Mutex
	lock.Lock()
	conn.Control(frame.Pong, 0, nil)
	done := make(chan struct{})
	go func() {
		conn.Write(to, &lock)
		_ = to.Close()
		close(done)
	}()
	conn.Close()
	lock.Unlock()
	if f, err := frame.NewReader(from).Next(); err == nil {
		t.Errorf("%v was written", f)
	}
	within(t, done)
}

// still is a channel that counts how often it was asked to stand still, and takes bytes at once if it may.
type still struct {
	io.Writer
	settled chan struct{}
	atOnce  []byte
	isFull  bool
}

func (s *still) Settle(isTo bool) {
	if isTo {
		s.settled <- struct{}{}
	}
}

func (s *still) WriteAtOnce(bytes []byte) bool {
	if !s.isFull {
		s.atOnce = append(s.atOnce, bytes...)
	}
	return !s.isFull
}

func TestAWelcomeIsWrittenAtOnceOrInItsTurn(t *testing.T) {
	for _, isFull := range []bool{false, true} {
		from, pipe := io.Pipe()
		to := &still{Writer: pipe, isFull: isFull, settled: make(chan struct{}, 8)}
		conn := NewConn(3, 0, nil, nil)
		conn.Control(frame.Welcome, 0, []byte("welcome"))
		var lock sync.Mutex
		conn.WriteAtOnce(to, &lock)
		go conn.Write(to, &lock)
		conn.Control(frame.Pong, 0, nil)
		reader := frame.NewReader(io.MultiReader(bytes.NewReader(to.atOnce), from))
		for sequence, kind := range []frame.Kind{frame.Welcome, frame.Pong} {
			f, err := reader.Next()
			if err != nil || f.Kind != kind || f.Sequence != uint32(sequence) || f.Epoch != 3 {
				t.Errorf("full %v: %v, %v", isFull, f, err)
			}
		}
		conn.Close()
		_ = from.Close()
	}
}

func TestAQuietConnectionLetsItsChannelSettleWhenItHasSaidAll(t *testing.T) {
	from, pipe := io.Pipe()
	to := &still{Writer: pipe, settled: make(chan struct{})}
	conn := NewConn(3, 0, nil, nil)
	go conn.Write(to, &sync.Mutex{})
	conn.quieten(true)
	<-to.settled
	reader := frame.NewReader(from)
	conn.Control(frame.Pong, 0, nil)
	if f, err := reader.Next(); err != nil || f.Kind != frame.Pong {
		t.Errorf("%v, %v", f, err)
	}
	<-to.settled
	conn.Close()
	_ = from.Close()
}
