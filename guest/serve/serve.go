// Package serve does what a host asks for.
package serve

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"caisson/guest/channel"
	"caisson/guest/control"
	"caisson/guest/files"
	"caisson/guest/frame"
	"caisson/guest/message"
	"caisson/guest/process"
	"caisson/guest/renew"
)

// Agent is everything that outlives a connection.
type Agent struct {
	Files     *files.Root
	Groups    *control.Hierarchy // nil without control groups
	Processes *process.Table
	// Generator is the kernel's. Nil of an agent in a machine of others, whose clock, chance and name are not the agent's to set.
	Generator  *renew.Generator
	Template   string
	Release    string
	Generation []byte

	mu       sync.Mutex
	isFrozen bool
	attached map[uint32]*process.Process // by the streams of the connection
}

// Serve speaks with the host over one channel, until that ends.
//
//	A1. Before the first hello nothing is done, and after every hello nothing of an earlier connection is heard.
//	A2. A frame that is broken or missing ends the connection: the host is told, and the agent waits for the next hello.
//	A3. Processes outlive connections.
func (a *Agent) Serve(to io.ReadWriter) error {
	var conn, faulty *channel.Conn
	var lock sync.Mutex
	defer func() { a.leave(conn) }()
	reader := frame.NewReader(to)
	for {
		f, err := reader.Next()
		var broken *frame.BrokenError
		switch {
		case errors.As(err, &broken):
		case err != nil:
			return err
		case f.Kind == frame.Hello:
			conn, faulty = a.begin(f, to, &lock, conn, faulty), nil
			continue
		case conn == nil || f.Epoch != conn.Epoch():
			continue
		default:
			err = conn.Hear(f)
		}
		if err != nil && conn != nil {
			a.fault(conn, err)
			a.forget()
			conn, faulty = nil, conn
		}
	}
}

// leave ends a connection.
func (a *Agent) leave(conn *channel.Conn) {
	if conn != nil {
		conn.Close()
		a.forget()
	}
}

// forget lets processes be attached to by others.
func (a *Agent) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.attached {
		p.Detach()
	}
	a.attached = nil
}

// fault tells the host that the connection is broken, and ends it once it was told.
func (a *Agent) fault(conn *channel.Conn, cause error) {
	payload, err := message.Encode(message.Fault{Detail: cause.Error()})
	if err != nil {
		payload = nil
	}
	conn.Last(frame.Fault, payload)
}

// begin ends the connections before a hello and begins the next one, if the hello is one. The host waits for the welcome, which comes
// before all that a guest that goes on from a snapshot has to do for the first time.
func (a *Agent) begin(f frame.Frame, to io.ReadWriter, lock *sync.Mutex, before ...*channel.Conn) *channel.Conn {
	for _, conn := range before {
		if conn != nil {
			conn.Mute()
		}
	}
	var next *channel.Conn
	if welcome, err := a.greet(f.Payload); err == nil {
		next = channel.NewConn(f.Epoch, f.Sequence+1, a.do, a.reset)
		next.Control(frame.Welcome, 0, welcome)
		next.WriteAtOnce(to, lock)
	}
	for _, conn := range before {
		a.leave(conn)
	}
	if next == nil {
		return nil
	}
	a.mu.Lock()
	a.attached = map[uint32]*process.Process{}
	a.mu.Unlock()
	_ = a.thaw()
	go next.Write(to, lock)
	return next
}

// greet answers a hello. Of one that is none, nothing comes.
func (a *Agent) greet(payload []byte) ([]byte, error) {
	var hello message.Hello
	if err := message.Decode(payload, &hello); err != nil {
		return nil, err
	}
	if hello.Version != message.Version || len(hello.Nonce) != message.NonceBytes || len(hello.Entropy) != message.EntropyBytes {
		return nil, fmt.Errorf("version %d is not spoken here", hello.Version)
	}
	return message.Encode(a.renew(&hello))
}

// renew does what a hello asks for, and tells what came of it.
func (a *Agent) renew(hello *message.Hello) message.Welcome {
	welcome := message.Welcome{
		Version: message.Version, Nonce: hello.Nonce, Agent: a.Release, Generation: a.Generation, Template: a.Template,
		Abilities: a.abilities(), Processes: a.Processes.Known(),
	}
	if a.Generator != nil {
		welcome.ClockSet = renew.Clock(hello.Seconds, hello.Nanos) == nil
		welcome.Reseeded = a.Generator.Mix(hello.Entropy) == nil
		if hello.Hostname != "" {
			_ = renew.Hostname(hello.Hostname) // a name is no promise
		}
	}
	now := time.Now()
	welcome.Seconds, welcome.Nanos = message.Count(now.Unix()), message.Count(now.Nanosecond())
	welcome.Sample = renew.Sample(message.NonceBytes)
	return welcome
}

func (a *Agent) abilities() []message.Ability {
	all := []message.Ability{message.Terminal, message.Watching}
	if a.Groups != nil {
		all = append(all, a.Groups.Abilities...)
	}
	return all
}

// reset hears that the host has no more interest in a stream. A process that was on it is ended and forgotten.
func (a *Agent) reset(stream uint32) {
	a.mu.Lock()
	p := a.attached[stream]
	delete(a.attached, stream)
	a.mu.Unlock()
	if p != nil {
		a.let(p, true)
	}
}

// do serves one stream.
func (a *Agent) do(stream *channel.Stream, payload []byte) {
	request, err := message.DecodeRequest(payload)
	if err != nil {
		_ = stream.Finish(refused(malformed(err)))
		return
	}
	if err := a.admit(request); err != nil {
		_ = stream.Finish(refused(err))
		return
	}
	result, err := a.perform(stream, request)
	if stream.Context.Err() != nil {
		return // nobody hears of it any more
	}
	if err == nil {
		err = stream.Finish(message.Succeeded{OK: result})
	}
	if err != nil {
		_ = stream.Finish(refused(err))
	}
}

func (a *Agent) perform(stream *channel.Stream, request any) (any, error) {
	switch r := request.(type) {
	case *message.Execute:
		return a.execute(stream, r)
	case *message.Attach:
		return a.attach(stream, r)
	case *message.Read:
		return a.read(stream, r)
	case *message.Write:
		return a.write(stream, r)
	case *message.Rename:
		return message.Done{}, a.Files.Rename(r.From, r.To)
	case *message.Tree:
		return a.tree(stream, r)
	case *message.Place:
		return a.place(stream, r)
	case *message.Clock:
		return a.setClock(r)
	case *message.Bare:
		return a.bare(stream, r)
	default:
		return nil, fmt.Errorf("%T is not served", request)
	}
}
