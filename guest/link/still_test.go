package link

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// pair is a port, and the host at its other end, which may wait.
func pair(t *testing.T) (patient, int) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		t.Fatal(err)
	}
	port := NewPort(ends[0], "port").(patient)
	t.Cleanup(func() {
		port.fallBack() // who read has ended, and reads no more
		_ = port.Close()
		_ = unix.Close(ends[1])
	})
	return port, ends[1]
}

func say(t *testing.T, host int, words string) {
	t.Helper()
	if _, err := unix.Write(host, []byte(words)); err != nil {
		t.Error(err)
	}
}

func TestAPortThatHasSettledHearsWhatComes(t *testing.T) {
	port, host := pair(t)
	heard := make(chan string)
	go func() {
		buffer := make([]byte, 16)
		for range 3 {
			n, err := port.Read(buffer)
			if err != nil {
				t.Error(err)
			}
			heard <- string(buffer[:n])
		}
	}()
	// The reader waits in the scheduler, or will: it settles either way, once for each time that it is asked to.
	port.Settle(true)
	say(t, host, "one")
	if words := <-heard; words != "one" {
		t.Errorf("%q", words)
	}
	say(t, host, "two")
	if words := <-heard; words != "two" {
		t.Errorf("%q", words)
	}
	port.Settle(true)
	port.Settle(true)
	say(t, host, "three")
	if words := <-heard; words != "three" {
		t.Errorf("%q", words)
	}
}

func TestAPortWritesAtOnceAllOrNothing(t *testing.T) {
	port, host := pair(t)
	if !port.WriteAtOnce([]byte("whole")) {
		t.Fatal("a port with room took nothing")
	}
	chunk := bytes.Repeat([]byte{1}, 4_096)
	written := len("whole")
	for port.WriteAtOnce(chunk) {
		written += len(chunk)
	}
	all := make([]byte, written)
	if _, err := io.ReadFull(reading(host), all); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all[:5], []byte("whole")) || !bytes.Equal(all[written-4_096:], chunk) {
		t.Error("something else was written")
	}
	if !port.WriteAtOnce(chunk) {
		t.Error("a port that has room again took nothing")
	}
}

// reading reads from a descriptor.
type reading int

func (r reading) Read(to []byte) (int, error) { return unix.Read(int(r), to) }

// ahead counts the threads of this process that come before those of others.
func ahead(t *testing.T) int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy == unix.SCHED_FIFO {
			count++
		}
	}
	return count
}

func TestAReaderIsAheadOfOthersWhileItLooksOutAndUntilItReadsAgain(t *testing.T) {
	own, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	first := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &first, 0); err != nil {
		t.Skipf("no thread may come before others here: %v", err)
	}
	if err := unix.SchedSetAttr(0, own, 0); err != nil {
		t.Fatal(err)
	}
	runtime.UnlockOSThread()
	port, host := pair(t)
	heard := make(chan struct{})
	goOn := make(chan struct{})
	ended := make(chan struct{})
	// Whoever reads what is there already has looked out for it all the same: that it was asked for comes first.
	port.Settle(true)
	say(t, host, "x")
	go func() {
		defer close(ended)
		_, _ = port.Read(make([]byte, 1))
		heard <- struct{}{}
		<-goOn
		_, _ = port.Read(make([]byte, 1))
	}()
	<-heard
	if count := ahead(t); count != 1 {
		t.Errorf("%d are ahead of others before it reads again", count)
	}
	say(t, host, "x")
	goOn <- struct{}{}
	<-ended
	if count := ahead(t); count != 0 {
		t.Errorf("%d are ahead of others for good", count)
	}
}

func TestAPortThatHasSettledLetsOthersGoOn(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	port, host := pair(t)
	heard := make(chan struct{})
	go func() {
		_, _ = port.Read(make([]byte, 1))
		close(heard)
	}()
	port.Settle(true)
	runtime.Gosched() // to the reader, which holds the only processor
	select {
	case <-heard:
		t.Error("something came of nothing")
	default:
	}
	say(t, host, "x")
	<-heard
}
