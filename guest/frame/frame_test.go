package frame_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"caisson/guest/frame"
	"caisson/guest/golden"
)

var kinds = map[string]frame.Kind{
	"hello": frame.Hello, "welcome": frame.Welcome, "ping": frame.Ping, "pong": frame.Pong, "open": frame.Open, "data": frame.Data,
	"end": frame.End, "credit": frame.Credit, "note": frame.Note, "result": frame.Result, "reset": frame.Reset, "fault": frame.Fault,
}

func TestGoldenFramesAreWrittenAndReadAsTheHostDoes(t *testing.T) {
	for _, g := range golden.Read[golden.Frame](t, "v1.json") {
		t.Run(g.Title, func(t *testing.T) {
			f := frame.Frame{
				Kind: kinds[g.Kind], Lane: frame.Lane(g.Lane), Epoch: g.Epoch, Stream: g.Stream, Sequence: g.Sequence, Payload: g.Payload,
			}
			if written := frame.Append(nil, f); !bytes.Equal(written, g.Bytes) {
				t.Errorf("written %x, not %x", written, g.Bytes)
			}
			read, err := frame.NewReader(bytes.NewReader(g.Bytes)).Next()
			if err != nil {
				t.Fatal(err)
			}
			if !same(read, f) {
				t.Errorf("read %v, not %v", read, f)
			}
		})
	}
}

func TestWhatIsBrokenIsPassedOverAsTheHostDoes(t *testing.T) {
	for _, g := range golden.Read[golden.Broken](t, "broken.json") {
		t.Run(g.Title, func(t *testing.T) {
			for name, from := range map[string]io.Reader{
				"at once":      bytes.NewReader(g.Bytes),
				"byte by byte": iotest.OneByteReader(bytes.NewReader(g.Bytes)),
			} {
				items := readAll(t, frame.NewReader(from))
				if len(items) != len(g.Items) {
					t.Fatalf("%s: %v, not %v", name, items, g.Items)
				}
				for i, item := range g.Items {
					read := items[i]
					switch {
					case item.Broken != "":
						if string(read.broken.Reason) != item.Broken || read.broken.Bytes != item.Bytes {
							t.Errorf("%s: %v, not %v", name, read.broken, item)
						}
					case read.frame.Kind != kinds[item.Frame] || read.frame.Sequence != item.Sequence || !bytes.Equal(read.frame.Payload, item.Payload):
						t.Errorf("%s: %v, not %v", name, read.frame, item)
					}
				}
			}
		})
	}
}

type item struct {
	frame  frame.Frame
	broken frame.BrokenError
}

// readAll reads to the end. Noise that is told in pieces is put together.
func readAll(t *testing.T, reader *frame.Reader) []item {
	t.Helper()
	var items []item
	for {
		f, err := reader.Next()
		var broken *frame.BrokenError
		switch {
		case errors.Is(err, io.EOF):
			return items
		case errors.As(err, &broken):
			if n := len(items); broken.Reason == frame.Noise && n > 0 && items[n-1].broken.Reason == frame.Noise {
				items[n-1].broken.Bytes += broken.Bytes
				continue
			}
			items = append(items, item{broken: *broken})
		case err != nil:
			t.Fatal(err)
		default:
			items = append(items, item{frame: f})
		}
	}
}

func TestACreditIsEightBytes(t *testing.T) {
	if taken, ok := frame.DecodeCredit(frame.EncodeCredit(1 << 60)); !ok || taken != 1<<60 {
		t.Errorf("%d, %v", taken, ok)
	}
	if _, ok := frame.DecodeCredit(make([]byte, 7)); ok {
		t.Error("seven bytes are a credit")
	}
}

func same(a, b frame.Frame) bool {
	return a.Kind == b.Kind && a.Lane == b.Lane && a.Epoch == b.Epoch && a.Stream == b.Stream && a.Sequence == b.Sequence &&
		bytes.Equal(a.Payload, b.Payload)
}

// Whatever comes: the reader ends, gives no more bytes than it got, and finds the frame that stands behind enough zeros.
func FuzzReader(f *testing.F) {
	for _, g := range golden.Read[golden.Frame](f, "v1.json") {
		f.Add([]byte(g.Bytes), uint16(0))
	}
	for _, g := range golden.Read[golden.Broken](f, "broken.json") {
		f.Add([]byte(g.Bytes), uint16(len(g.Bytes)/2))
	}
	last := frame.Frame{Kind: frame.Hello, Epoch: 9, Sequence: 4_000_000_000, Payload: []byte("found again")}
	f.Fuzz(func(t *testing.T, given []byte, cut uint16) {
		given = given[min(int(cut), len(given)):]
		all := append(bytes.Clone(given), make([]byte, frame.BytesMax)...)
		reader := frame.NewReader(bytes.NewReader(frame.Append(all, last)))
		seen := 0
		var found frame.Frame
		for {
			read, err := reader.Next()
			var broken *frame.BrokenError
			if errors.As(err, &broken) {
				seen += broken.Bytes
				continue
			}
			if err != nil {
				break
			}
			seen += frame.HeadBytes + len(read.Payload)
			found = read
		}
		if !same(found, last) {
			t.Errorf("the last frame is %v", found)
		}
		if limit := len(all) + frame.HeadBytes + len(last.Payload); seen > limit {
			t.Errorf("%d bytes in frames, of %d", seen, limit)
		}
	})
}
