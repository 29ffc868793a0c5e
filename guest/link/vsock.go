package link

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// vsock is a socket that the host connects to. It outlives its connections, which a snapshot resets.
type vsock struct {
	descriptor int
}

func listenVsock(number uint32) (*vsock, error) {
	descriptor, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a vsock: %w", err)
	}
	if err := unix.Bind(descriptor, &unix.SockaddrVM{CID: unix.VMADDR_CID_ANY, Port: number}); err != nil {
		_ = unix.Close(descriptor)
		return nil, fmt.Errorf("bind vsock port %d: %w", number, err)
	}
	if err := unix.Listen(descriptor, 1); err != nil {
		_ = unix.Close(descriptor)
		return nil, fmt.Errorf("listen on vsock port %d: %w", number, err)
	}
	return &vsock{descriptor}, nil
}

// Next waits for a connection of the host; nobody else is listened to.
func (v *vsock) Next() (io.ReadWriteCloser, error) {
	for {
		accepted, from, err := unix.Accept4(v.descriptor, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("accept a vsock: %w", err)
		}
		if peer, ok := from.(*unix.SockaddrVM); ok && peer.CID == unix.VMADDR_CID_HOST {
			return os.NewFile(uintptr(accepted), "vsock"), nil
		}
		_ = unix.Close(accepted)
	}
}
