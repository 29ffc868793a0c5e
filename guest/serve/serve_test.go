package serve

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"caisson/guest/files"
	"caisson/guest/frame"
	"caisson/guest/link"
	"caisson/guest/message"
	"caisson/guest/process"
)

// host is at the other end of the port of an agent.
type host struct {
	t      *testing.T
	port   *os.File
	reader *frame.Reader
	epoch  uint16
	sent   uint32
	heard  uint32
}

// heardWithin is much longer than a port is stood still on at once.
const heardWithin = 5 * time.Second

func serving(t *testing.T) *host {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	root, err := files.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	agent := &Agent{Files: root, Processes: process.NewTable(&process.Surroundings{})}
	port := link.NewPort(ends[0], "port")
	ended := make(chan struct{})
	go func() {
		_ = agent.Serve(port)
		_ = port.Close()
		close(ended)
	}()
	own := os.NewFile(uintptr(ends[1]), "host")
	t.Cleanup(func() { _ = own.Close() })
	return &host{t: t, port: own, reader: frame.NewReader(own)}
}

func (h *host) say(kind frame.Kind, stream uint32, m any) {
	h.t.Helper()
	payload, err := message.Encode(m)
	if err != nil {
		h.t.Fatal(err)
	}
	f := frame.Frame{Kind: kind, Epoch: h.epoch, Stream: stream, Sequence: h.sent, Payload: payload}
	h.sent++
	if _, err := h.port.Write(frame.Append(nil, f)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) hear(kind frame.Kind) frame.Frame {
	h.t.Helper()
	_ = h.port.SetReadDeadline(time.Now().Add(heardWithin))
	f, err := h.reader.Next()
	if err != nil || f.Kind != kind || f.Epoch != h.epoch || f.Sequence != h.heard {
		h.t.Fatalf("%+v and %v in place of kind %d, frame %d of %d", f, err, kind, h.heard, h.epoch)
	}
	h.heard++
	return f
}

func (h *host) greet(epoch uint16, entropy int) {
	h.t.Helper()
	h.epoch, h.sent, h.heard = epoch, 0, 0
	h.say(frame.Hello, 0, message.Hello{
		Version: message.Version, Nonce: make([]byte, message.NonceBytes), Entropy: make([]byte, entropy),
	})
}

func (h *host) ask(stream uint32, request map[string]any) {
	h.t.Helper()
	h.say(frame.Open, stream, request)
	if f := h.hear(frame.Result); f.Stream != stream {
		h.t.Fatalf("a result of stream %d in place of %d", f.Stream, stream)
	}
}

func (h *host) freeze(stream uint32) {
	h.t.Helper()
	h.ask(stream, map[string]any{"op": "freeze"})
	h.say(frame.Ping, 0, "still")
	h.hear(frame.Pong)
}

func TestAFrozenAgentAnswersWhateverComes(t *testing.T) {
	for _, processors := range []int{1, 2} {
		t.Run(fmt.Sprint(processors), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			stat := map[string]any{"op": "stat", "path": "/"}
			h := serving(t)
			h.greet(1, message.EntropyBytes)
			h.hear(frame.Welcome)
			for stream := uint32(1); stream < 60; stream += 6 {
				h.freeze(stream)
				h.ask(stream+2, map[string]any{"op": "thaw"})
				h.ask(stream+4, stat)
			}
			h.freeze(61)
			h.greet(2, 1) // it is none, and ends what was before
			h.greet(3, message.EntropyBytes)
			h.hear(frame.Welcome)
			h.ask(1, stat)
			h.freeze(3)
			h.greet(4, message.EntropyBytes)
			h.hear(frame.Welcome)
			h.greet(5, message.EntropyBytes)
			h.hear(frame.Welcome)
			h.ask(1, stat)
		})
	}
}
