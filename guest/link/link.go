// Package link finds the byte channel to the host.
package link

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// Link is where channels to the host come from: one after the other, when the host connects again.
type Link interface {
	// Next waits for the next channel. Its error is io.EOF when there will be none.
	Next() (io.ReadWriteCloser, error)
}

// Open opens a link by its name: `stdio`, `unix:PATH`, `virtio:NAME` of a port, or `vsock:PORT`.
func Open(name string) (Link, error) {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "stdio":
		return &once{channel: standard{}}, nil
	case "unix":
		listener, err := net.Listen("unix", rest)
		return listening{listener}, err
	case "virtio":
		return &port{name: rest}, nil
	case "vsock":
		number, err := strconv.ParseUint(rest, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the port of %s: %w", name, err)
		}
		return listenVsock(uint32(number))
	default:
		return nil, fmt.Errorf("there is no link %q", name)
	}
}

type standard struct{}

func (standard) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (standard) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (standard) Close() error                { return os.Stdin.Close() }

// once is a link with one channel.
type once struct {
	channel io.ReadWriteCloser
}

func (o *once) Next() (io.ReadWriteCloser, error) {
	channel := o.channel
	o.channel = nil
	if channel == nil {
		return nil, io.EOF
	}
	return channel, nil
}

type listening struct {
	listener net.Listener
}

func (l listening) Next() (io.ReadWriteCloser, error) { return l.listener.Accept() }
