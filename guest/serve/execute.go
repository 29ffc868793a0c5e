package serve

import (
	"errors"
	"io"

	"caisson/guest/channel"
	"caisson/guest/frame"
	"caisson/guest/message"
	"caisson/guest/process"
)

var errAttached = errors.New("another stream has the lanes of the process")

// execute starts a process, and stays with it.
func (a *Agent) execute(stream *channel.Stream, e *message.Execute) (any, error) {
	if err := e.Validate(); err != nil {
		return nil, malformed(err)
	}
	p, err := a.Processes.Start(e)
	if err != nil {
		return nil, notStarted(err)
	}
	return a.accompany(stream, p, 0, 0)
}

// attach stays with a process that another connection has started.
func (a *Agent) attach(stream *channel.Stream, r *message.Attach) (any, error) {
	p, err := a.Processes.Find(r.ID)
	if err != nil {
		return nil, err
	}
	if !p.Attach() {
		return nil, malformed(errAttached)
	}
	return a.accompany(stream, p, uint64(r.Output), uint64(r.Errors))
}

// accompany connects a stream with the process that the caller is attached to, until it has ended or the host is gone.
func (a *Agent) accompany(stream *channel.Stream, p *process.Process, output, errs uint64) (any, error) {
	if !p.Output.Holds(output) || !p.Errors.Holds(errs) {
		p.Detach()
		return nil, channel.ErrBytesLost
	}
	if !a.bind(stream, p) {
		a.let(p, stream.IsReset())
		return nil, channel.ErrReset
	}
	started := message.Started{Note: "started", PID: message.Count(p.PID), Output: message.Count(output), Errors: message.Count(errs)}
	if err := stream.Note(started); err != nil {
		return nil, err
	}
	if err := errors.Join(stream.Send(frame.Output, p.Output, output), stream.Send(frame.Errors, p.Errors, errs)); err != nil {
		return nil, err
	}
	go input(stream, p)
	for {
		select {
		case <-p.Exited():
			return p.Exit(), nil
		case instruction := <-stream.Instructions:
			follow(p, instruction)
		case <-stream.Context.Done():
			return nil, channel.ErrReset
		}
	}
}

// bind remembers the process of a stream. A stream that was left meanwhile leaves its process as a reset would.
func (a *Agent) bind(stream *channel.Stream, p *process.Process) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if stream.Context.Err() == nil {
		a.attached[stream.ID] = p
		return true
	}
	return false
}

// let lets go of a process: for good, if its host has said so.
func (a *Agent) let(p *process.Process, isReset bool) {
	a.mu.Lock()
	isFrozen := a.isFrozen
	a.mu.Unlock()
	if isReset && !isFrozen {
		a.Processes.Release(p)
		return
	}
	p.Detach()
}

func follow(p *process.Process, instruction message.Instruction) {
	switch instruction.Note {
	case "signal":
		p.Signal(instruction.Signal)
	case "resize":
		p.Resize(message.Size{Columns: instruction.Columns, Rows: instruction.Rows})
	}
}

// input gives a process what the host sends. The input ends when the host says so, and not when the host is gone.
func input(stream *channel.Stream, p *process.Process) {
	buffer := make([]byte, frame.ChunkMax)
	for {
		n, err := stream.In.Read(buffer)
		if n > 0 && p.WriteInput(buffer[:n]) != nil {
			return
		}
		if errors.Is(err, io.EOF) {
			p.EndInput()
			return
		}
		if err != nil {
			return
		}
	}
}
