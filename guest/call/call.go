// Package call carries tool calls from guest code to the host, and their answers back.
package call

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"caisson/guest/channel"
	"caisson/guest/message"
	"caisson/guest/process"
)

const (
	callsMax      = 256
	answerBytes   = 64 << 20
	argumentBytes = 16 << 20
)

var (
	errTooMany = errors.New("too many calls wait for an answer")
	errRefused = errors.New("the host has refused the call")
	errTooLong = errors.New("the answer is too long")
)

// Calls are the tool calls that wait for an answer.
//
//	K1. A call has one id from its beginning to its end. It is opened on every connection until it is answered.
//	K2. Answers come from the host alone; a call that its maker has left is told to the host, and forgotten.
type Calls struct {
	table   *process.Table
	mu      sync.Mutex
	waiting map[string]*call
	conn    *channel.Conn
	tools   []byte
}

type call struct {
	message.Call
	arguments []byte
	answer    chan []byte
	left      chan struct{}
}

// New makes calls of none.
func New(table *process.Table) *Calls {
	return &Calls{table: table, waiting: map[string]*call{}, tools: []byte("[]")}
}

// SetTools takes the text that tells guest code of its tools.
func (c *Calls) SetTools(text []byte) {
	c.mu.Lock()
	c.tools = text
	c.mu.Unlock()
}

// Waiting is the number of calls that wait.
func (c *Calls) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

// Connect sends what waits over a new connection.
func (c *Calls) Connect(conn *channel.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	for _, waiting := range c.waiting {
		go c.forward(conn, waiting)
	}
}

// begin registers a call.
func (c *Calls) begin(caller, path string, arguments []byte) (*call, error) {
	p, err := c.table.Find(caller)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) >= callsMax {
		return nil, errTooMany
	}
	begun := &call{
		Call:      message.Call{ID: fmt.Sprintf("%s.%d", p.ID, p.NextCall()), Process: p.ID, Path: path},
		arguments: arguments, answer: make(chan []byte, 1), left: make(chan struct{}),
	}
	c.waiting[begun.ID] = begun
	if c.conn != nil {
		go c.forward(c.conn, begun)
	}
	return begun, nil
}

// end forgets a call; it says whether it was still waiting.
func (c *Calls) end(ended *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.waiting[ended.ID]
	delete(c.waiting, ended.ID)
	return ok
}

// forward asks the host over one connection. If that ends first, the next one is asked.
func (c *Calls) forward(conn *channel.Conn, waiting *call) {
	stream, err := conn.Open(waiting.Call)
	if err != nil {
		return
	}
	arguments := stream.Output()
	go func() {
		_, _ = arguments.Write(waiting.arguments)
		_ = arguments.Close()
	}()
	go func() {
		select {
		case <-waiting.left:
			stream.Reset()
		case <-stream.Context.Done():
		}
	}()
	answer, err := io.ReadAll(io.LimitReader(stream.In, answerBytes+1))
	if err == nil && len(answer) > answerBytes {
		err = errTooLong
	}
	if errors.Is(err, channel.ErrReset) && conn.IsClosed() {
		return
	}
	stream.Leave()
	if !c.end(waiting) {
		return
	}
	if err != nil {
		answer = refusal(errRefused)
	}
	waiting.answer <- answer
}
