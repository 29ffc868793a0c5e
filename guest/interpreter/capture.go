package interpreter

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	readBytes = 65_536
	// pipeBytes is how much processes can write before they wait to be read.
	pipeBytes = 1 << 20
)

// capture is what processes of the guest write their output into. Nothing is read of it but during turns: processes that write between
// two of them wait when the pipes are full.
type capture struct {
	ours   [2]*os.File
	theirs [2]*os.File
	wanted chan struct{}
	buffer []byte
}

var streams = [2]string{"stdout", "stderr"}

func newCapture(isReadable func()) (*capture, error) {
	c := &capture{wanted: make(chan struct{}, 1), buffer: make([]byte, readBytes)}
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

// drain gives all that has been written by now, standard output first, and nothing that is written meanwhile.
func (c *capture) drain(take func(stream string, bytes []byte)) bool {
	isEmpty := true
	for i, file := range c.ours {
		descriptor := int(file.Fd())
		there, err := unix.IoctlGetInt(descriptor, unix.TIOCINQ)
		for err == nil && there > 0 {
			var n int
			n, err = unix.Read(descriptor, c.buffer[:min(there, len(c.buffer))])
			if n <= 0 {
				break
			}
			isEmpty = false
			there -= n
			take(streams[i], c.buffer[:n])
		}
	}
	return isEmpty
}
