package process

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

// pipes are the ends of what a process and its agent talk through.
type pipes struct {
	theirs   []*os.File // 0, 1 and 2
	input    *os.File   // ours; nil if the process has no input
	outputs  []*os.File // ours, to be read
	terminal *os.File   // ours; input and output as well
}

func open(e *message.Execute) (*pipes, error) {
	if e.Terminal != nil {
		return openTerminal(*e.Terminal)
	}
	return openPipes(e.HasInput)
}

func openPipes(hasInput bool) (*pipes, error) {
	p := &pipes{}
	stdin, err := p.openInput(hasInput)
	if err != nil {
		return nil, err
	}
	p.theirs = append(p.theirs, stdin)
	for range 2 {
		ours, theirs, err := os.Pipe()
		if err != nil {
			p.closeOurs()
			p.closeTheirs()
			return nil, err
		}
		p.outputs = append(p.outputs, ours)
		p.theirs = append(p.theirs, theirs)
	}
	return p, nil
}

func (p *pipes) openInput(hasInput bool) (*os.File, error) {
	if !hasInput {
		return os.Open(os.DevNull)
	}
	theirs, ours, err := os.Pipe()
	p.input = ours
	return theirs, err
}

func openTerminal(size message.Size) (*pipes, error) {
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("open a terminal: %w", err)
	}
	theirs, err := otherEnd(ours, size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a terminal: %w", err), ours.Close())
	}
	return &pipes{theirs: []*os.File{theirs, theirs, theirs}, input: ours, outputs: []*os.File{ours}, terminal: ours}, nil
}

func otherEnd(ours *os.File, size message.Size) (*os.File, error) {
	raw, err := ours.SyscallConn()
	if err != nil {
		return nil, err
	}
	var number int
	var failure error
	err = raw.Control(func(descriptor uintptr) {
		fd := int(descriptor)
		failure = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
		if failure == nil {
			number, failure = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		if failure == nil {
			failure = setSize(fd, size)
		}
	})
	if err = errors.Join(err, failure); err != nil {
		return nil, err
	}
	return os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
}

func (p *pipes) closeTheirs() {
	for _, file := range p.theirs {
		_ = file.Close()
	}
}

func (p *pipes) closeOurs() {
	for _, file := range append(p.outputs, p.input) {
		if file != nil {
			_ = file.Close()
		}
	}
}

func setSize(descriptor int, size message.Size) error {
	return unix.IoctlSetWinsize(descriptor, unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Columns})
}
