package channel

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"caisson/guest/frame"
)

// within fails a test that hangs.
func within(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

func drain(t *testing.T, o *Outlet, want int) []byte {
	t.Helper()
	var got []byte
	for len(got) < want {
		chunk, err := o.next()
		if err != nil {
			t.Fatal(err)
		}
		if chunk == nil {
			break
		}
		got = append(got, chunk...)
	}
	return got
}

func TestAnOutletHoldsAWindowAndNoMore(t *testing.T) {
	o := NewOutlet()
	given := pattern(3 * frame.Window)
	written := make(chan struct{})
	go func() {
		_, _ = o.Write(given)
		_ = o.Close()
		close(written)
	}()
	woken := make(chan struct{}, 1)
	if err := o.bind(0, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for len(got) < len(given) {
		chunk, err := o.next()
		if err != nil {
			t.Fatal(err)
		}
		if chunk == nil {
			if held := o.Total() - uint64(len(got)); held > frame.Window {
				t.Fatalf("%d bytes are held", held)
			}
			o.credit(uint64(len(got)))
			<-woken
			continue
		}
		got = append(got, chunk...)
	}
	within(t, written)
	if !bytes.Equal(got, given) {
		t.Error("other bytes than were given")
	}
	if _, err := o.next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestAnOutletGoesOnFromWhereItIsKnown(t *testing.T) {
	o := NewOutlet()
	given := pattern(1_000)
	_, _ = o.Write(given)
	if err := o.bind(0, func() {}); err != nil {
		t.Fatal(err)
	}
	drain(t, o, 1_000)
	o.credit(400)
	o.unbind()
	for from, ok := range map[uint64]bool{399: false, 400: true, 700: true, 1_000: true, 1_001: false} {
		if o.Holds(from) != ok {
			t.Errorf("from %d: %v", from, !ok)
		}
	}
	if err := o.bind(300, func() {}); !errors.Is(err, ErrBytesLost) {
		t.Errorf("from 300: %v", err)
	}
	if err := o.bind(700, func() {}); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, o, 300); !bytes.Equal(got, given[700:]) {
		t.Errorf("%d bytes", len(got))
	}
	o.credit(99_999)
	o.credit(100)
	if o.Total() != 1_000 || len(o.held) != 300 {
		t.Errorf("a credit that cannot be was believed: %d, %d", o.Total(), len(o.held))
	}
}

func TestAnOutletThatIsDiscardedKeepsNobodyWaiting(t *testing.T) {
	o := NewOutlet()
	done := make(chan struct{})
	go func() {
		_, _ = o.Write(pattern(5 * frame.Window))
		close(done)
	}()
	o.Discard()
	within(t, done)
	o.credit(10)
	if chunk, err := o.next(); chunk != nil || err != nil {
		t.Errorf("%d bytes, %v", len(chunk), err)
	}
}

func TestAnInletTakesAWindowAndGivesCredit(t *testing.T) {
	var credits []uint64
	i := newInlet(func(taken uint64) { credits = append(credits, taken) })
	if err := i.add(pattern(frame.Window)); err != nil {
		t.Fatal(err)
	}
	if err := i.add([]byte{1}); err == nil {
		t.Error("more than a window was taken")
	}
	if _, err := io.ReadFull(i, make([]byte, frame.Window/2)); err != nil {
		t.Fatal(err)
	}
	if len(credits) == 0 || credits[len(credits)-1] != frame.Window/2 {
		t.Errorf("credits %v", credits)
	}
	if err := i.add(pattern(frame.Window / 2)); err != nil {
		t.Error(err)
	}
	i.end()
	rest, err := io.ReadAll(i)
	if err != nil || len(rest) != frame.Window {
		t.Errorf("%d bytes, %v", len(rest), err)
	}
	if err := i.add([]byte{1}); err == nil {
		t.Error("bytes behind the end were taken")
	}
}

func TestAnInletThatFailsKeepsNobodyWaiting(t *testing.T) {
	i := newInlet(func(uint64) {})
	done := make(chan struct{})
	go func() {
		if _, err := i.Read(make([]byte, 1)); !errors.Is(err, ErrReset) {
			t.Errorf("%v", err)
		}
		close(done)
	}()
	i.fail(ErrReset)
	within(t, done)
}
