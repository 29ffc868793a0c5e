package serve

import (
	"fmt"

	"golang.org/x/sys/unix"

	"caisson/guest/channel"
	"caisson/guest/frame"
	"caisson/guest/message"
)

func (a *Agent) bare(stream *channel.Stream, b *message.Bare) (any, error) {
	switch b.Op {
	case "freeze":
		return a.freeze(stream)
	case "thaw":
		stream.Quieten(false)
		if err := a.thaw(); err != nil {
			return nil, err
		}
		return message.Done{}, a.Processes.AwaitRest(stream.Context)
	default:
		return nil, fmt.Errorf("%s is not served", b.Op)
	}
}

// admit lets nothing but a thaw begin while the agent is frozen.
func (a *Agent) admit(request any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if bare, ok := request.(*message.Bare); ok && bare.Op == "thaw" {
		return nil
	}
	if a.isFrozen {
		return errFrozen
	}
	return nil
}

// freeze brings guest code to rest, files to their disk, and the connection to silence, in this order: what guest code has written
// is on the disk, and nothing is under way to the host when it hears of the end.
func (a *Agent) freeze(stream *channel.Stream) (any, error) {
	a.mu.Lock()
	a.isFrozen = true
	a.mu.Unlock()
	frozen := message.Frozen{}
	if a.Groups != nil {
		if err := a.Groups.Freeze(); err != nil {
			return nil, a.undo(err)
		}
		frozen.IsStill = true
	}
	unix.Sync()
	a.rehearse()
	stream.Quieten(true)
	return frozen, nil
}

// rehearse answers a hello to nobody, and without doing what it asks for. What an answer takes of memory is there then when the guest
// goes on: it would have to look for it first, with all that a program and a kernel do for that.
func (a *Agent) rehearse() {
	rehearsed := Agent{
		Groups: a.Groups, Processes: a.Processes, Template: a.Template, Release: a.Release, Generation: a.Generation,
	}
	hello := message.Hello{
		Version: message.Version, Nonce: make([]byte, message.NonceBytes), Entropy: make([]byte, message.EntropyBytes),
	}
	payload, err := message.Encode(hello)
	if err != nil {
		return
	}
	if welcome, err := rehearsed.greet(payload); err == nil {
		_ = frame.Append(nil, frame.Frame{Kind: frame.Welcome, Payload: welcome})
	}
}

func (a *Agent) undo(cause error) error {
	_ = a.thaw()
	return cause
}

func (a *Agent) thaw() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.isFrozen {
		return nil
	}
	a.isFrozen = false
	if a.Groups == nil {
		return nil
	}
	return a.Groups.Thaw()
}
