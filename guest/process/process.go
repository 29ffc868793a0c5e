// Package process runs programs for the host.
package process

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"caisson/guest/channel"
	"caisson/guest/control"
	"caisson/guest/message"
	"caisson/guest/reap"
)

// Process is one program that was started for the host, with all that it starts.
//
//	P1. Its output is read no further ahead of the host than a window; then it waits, connected or not.
//	P2. It is known until the host lets go of it, ended or not.
//	P3. Exit is there when it has ended and all of its output was written to the outlets.
type Process struct {
	ID     string
	PID    int
	Output *channel.Outlet
	Errors *channel.Outlet

	reaper     *reap.Reaper
	group      *control.Group // nil without control groups
	input      *os.File       // nil without one
	terminal   *os.File       // nil without one
	started    time.Time
	isLate     atomic.Bool
	isAttached atomic.Bool
	exited     chan struct{}
	exit       message.Exit
	closeInput sync.Once
}

// Exited is closed when the process has ended and Exit is there.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Exit is how it ended.
func (p *Process) Exit() message.Exit { return p.exit }

// IsRunning says whether it has not ended.
func (p *Process) IsRunning() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Attach makes the caller the one that reads the lanes, if nobody else is.
func (p *Process) Attach() bool { return p.isAttached.CompareAndSwap(false, true) }

// Detach lets others attach.
func (p *Process) Detach() { p.isAttached.Store(false) }

// Signal signals the process and those of its group.
func (p *Process) Signal(s int) { p.reaper.Kill(p.PID, unix.Signal(s)) }

// Kill ends the process with all that it has started.
func (p *Process) Kill() {
	p.reaper.Kill(p.PID, unix.SIGKILL)
	if p.group != nil {
		_ = p.group.Kill()
	}
}

// Release ends the process and drops what it still says. A group in which something was left behind goes with it.
func (p *Process) Release() {
	p.Output.Discard()
	p.Errors.Discard()
	p.Kill()
	if p.group != nil {
		go func() {
			<-p.exited
			_ = p.group.Kill()
			if p.group.AwaitEmpty() == nil {
				_ = p.group.Remove()
			}
		}()
	}
}

// AwaitRest waits while what the process has started becomes ever more. It fails if that was too much.
func (p *Process) AwaitRest(ctx context.Context) error {
	switch {
	case p.group == nil:
		return nil
	case p.IsRunning():
		return p.group.AwaitRest(ctx)
	case p.exit.How == message.OutOfProcesses:
		return control.ErrTooMany
	default:
		return nil
	}
}

// Resize tells the terminal that it has another size.
func (p *Process) Resize(size message.Size) {
	if p.terminal == nil {
		return
	}
	if raw, err := p.terminal.SyscallConn(); err == nil {
		_ = raw.Control(func(descriptor uintptr) { _ = setSize(int(descriptor), size) })
	}
}

// WriteInput writes to the standard input, and waits while the process does not read.
func (p *Process) WriteInput(bytes []byte) error {
	if p.input == nil {
		return nil
	}
	_, err := p.input.Write(bytes)
	if errors.Is(err, unix.EPIPE) || errors.Is(err, os.ErrClosed) {
		return nil // it reads no more, which is its own affair
	}
	return err
}

// endOfInput ends the input of a terminal. Within a line the first character only hands over what there is of the line.
var endOfInput = []byte{4, 4}

// EndInput says that nothing more is written.
func (p *Process) EndInput() {
	if p.terminal != nil {
		_, _ = p.terminal.Write(endOfInput)
		return
	}
	p.closeInput.Do(func() {
		if p.input != nil {
			_ = p.input.Close()
		}
	})
}
