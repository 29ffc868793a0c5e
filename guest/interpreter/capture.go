package interpreter

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	readBytes = 65_536
	// pipeBytes is how much processes can write before they wait to be read.
	pipeBytes = 1 << 20
	// restAfter is how long nobody is woken by what is written after something was read: on the one processor of a guest the writer
	// has to wait for whoever is.
	restAfter = 5 * time.Millisecond
)

// capture is what processes of the guest write their output into. Nothing is read of it but during turns: processes that write between
// two of them wait when the pipes are full.
type capture struct {
	ours   [2]*os.File
	theirs [2]*os.File
	wanted chan struct{}
	mark   mark
	buffer []byte
}

var streams = [2]string{"stdout", "stderr"}

func newCapture(isReadable func()) (*capture, error) {
	c := &capture{wanted: make(chan struct{}, 1), mark: newMark()}
	for i := range streams {
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
			return nil, err
		}
		if err := unix.SetNonblock(ends[0], true); err != nil {
			return nil, err
		}
		_, _ = unix.FcntlInt(uintptr(ends[0]), unix.F_SETPIPE_SZ, pipeBytes) // as much as the kernel allows
		c.ours[i] = os.NewFile(uintptr(ends[0]), "capture")
		c.theirs[i] = os.NewFile(uintptr(ends[1]), streams[i])
	}
	go c.look(int(c.ours[0].Fd()), int(c.ours[1].Fd()), isReadable)
	return c, nil
}

// look tells once, whenever it was wanted, that there is something to be read.
func (c *capture) look(first, second int, isReadable func()) {
	for range c.wanted {
		time.Sleep(restAfter)
		descriptors := []unix.PollFd{{Fd: int32(first), Events: unix.POLLIN}, {Fd: int32(second), Events: unix.POLLIN}}
		for {
			_, err := unix.Poll(descriptors, -1)
			if err != unix.EINTR {
				break
			}
		}
		isReadable()
	}
}

// want has it told when there is something to be read.
func (c *capture) want() {
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

// drain gives all that has been written by now, standard output first, and nothing that is written meanwhile. How much there is of
// errors is looked at first, so that none is told before the output that came before it.
func (c *capture) drain(take func(stream string, bytes []byte)) bool {
	errors, output := unread(c.ours[1]), unread(c.ours[0])
	c.mark.split(c.read(c.ours[0], output), take)
	if bytes := c.read(c.ours[1], errors); len(bytes) > 0 {
		take("stderr", bytes)
	}
	return output+errors == 0
}

func unread(file *os.File) int {
	there, err := unix.IoctlGetInt(int(file.Fd()), unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return there
}

// read reads at once what there is, and so cuts nothing in two that was written as one.
func (c *capture) read(file *os.File, there int) []byte {
	if there > len(c.buffer) {
		c.buffer = make([]byte, max(there, readBytes))
	}
	n, _ := unix.Read(int(file.Fd()), c.buffer[:there])
	return c.buffer[:max(0, n)]
}
