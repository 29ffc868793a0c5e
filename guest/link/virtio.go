package link

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const portsDirectory = "/sys/class/virtio-ports"

// hostAbsent is how often a port is tried again to which no host is connected: it has no way to wait for one.
const hostAbsent = 5 * time.Millisecond

// port is a virtio-serial port, which is there as long as the machine is.
type port struct {
	name   string
	isOpen bool
}

// Next opens the port. A host that goes and comes again shows as a channel that breaks off and begins anew, and as nothing else.
func (p *port) Next() (io.ReadWriteCloser, error) {
	if p.isOpen {
		return nil, io.EOF
	}
	device, err := findPort(portsDirectory, p.name)
	if err != nil {
		return nil, err
	}
	descriptor, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: device, Err: err}
	}
	p.isOpen = true
	return NewPort(descriptor, device), nil
}

// NewPort makes a channel of a descriptor that does not wait by itself.
func NewPort(descriptor int, name string) io.ReadWriteCloser {
	return patient{newStill(descriptor, name)}
}

// findPort looks for a port by its name: the numbers of devices depend on what else there is.
func findPort(directory, name string) (string, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*", "name"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(text)) == name {
			return filepath.Join("/dev", filepath.Base(filepath.Dir(file))), nil
		}
	}
	return "", fmt.Errorf("no virtio port is called %s", name)
}

// patient is a port whose end only means that no host is there.
type patient struct {
	*still
}

func (p patient) Read(bytes []byte) (int, error) {
	p.fallBack()
	for {
		n, err := p.File.Read(bytes)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if n := p.stand(bytes); n > 0 {
				return n, nil
			}
		case n > 0 || !errors.Is(err, io.EOF):
			return n, err
		default:
			time.Sleep(hostAbsent)
		}
	}
}
