package interpreter

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
)

// callersMax is how many programs may be connected at the same time.
const callersMax = 4_096

// lineBytesMax is more than any question has whose arguments keep to the limit.
const lineBytesMax = 64 << 20

// question is a line that a process of the guest writes.
//
//	{"tool":"stripe.charges.create","arguments":"[{\"amount\":500}]"}   answered by {"value":"…"}
//	{"sleepMillis":1000}                                                 answered by {"value":"null"}
//	{"list":true}, {"limits":true}, {"now":true}
//
// What is refused or fails is answered by {"error":{"name":…,"message":…,"reason":…}}. A caller that goes calls its call off.
type question struct {
	Tool        string   `json:"tool"`
	Arguments   string   `json:"arguments"`
	SleepMillis *float64 `json:"sleepMillis"`
	List        bool     `json:"list"`
	Limits      bool     `json:"limits"`
	Now         bool     `json:"now"`
}

// caller is a connection of a process of the guest.
type caller struct {
	answers chan any
}

type refusal struct {
	Error failure `json:"error"`
}

type given struct {
	Value string `json:"value"`
}

func (c *caller) answer(o *outcome, _ float64) {
	switch {
	case o == nil:
		c.answers <- given{"null"}
	case o.Error != nil:
		c.answers <- refusal{*o.Error}
	default:
		c.answers <- given{o.Value}
	}
}

func (c *caller) giveUp() {
	c.answers <- refusal{failure{Name: "CancelledError", Message: "the run that has made the call is over"}}
}

// waitsOutside says whether something is asked for by another process than the one that an engine speaks with.
func (r *run) waitsOutside() bool {
	for _, p := range r.waiting {
		if _, ok := p.waiter.(*caller); ok {
			return true
		}
	}
	return false
}

// serve hears processes of the guest.
func (i *Interpreter) serve(listener net.Listener) {
	callers := make(chan struct{}, callersMax)
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		select {
		case callers <- struct{}{}:
			go func() {
				defer func() { <-callers }()
				i.converse(connection)
			}()
		default:
			_ = connection.Close()
		}
	}
}

// converse answers the lines of one caller, one after the other.
func (i *Interpreter) converse(connection net.Conn) {
	defer connection.Close()
	lines, done := make(chan []byte), make(chan struct{})
	defer close(done)
	go readLines(connection, lines, done)
	for line := range lines {
		c := &caller{answers: make(chan any, 1)}
		asked := make(chan string, 1)
		i.post(func() { asked <- i.ask(line, c) })
		id := <-asked
		var answer any
		select {
		case answer = <-c.answers:
		case <-lines:
			i.post(func() { i.callOff(id, c) })
			return
		}
		text, err := encode(answer)
		if err != nil {
			return
		}
		if _, err := connection.Write(append(text, '\n')); err != nil {
			return
		}
	}
}

func (i *Interpreter) callOff(id string, c *caller) {
	if i.run != nil && i.run.waiting[id].waiter == c {
		i.run.cancel(id)
		i.noteAsked()
	}
}

func readLines(connection net.Conn, lines chan<- []byte, done <-chan struct{}) {
	defer close(lines)
	reader := bufio.NewReader(connection)
	for {
		line, err := readLine(reader)
		if err != nil {
			return
		}
		select {
		case lines <- line:
		case <-done:
			return
		}
	}
}

var errLine = errors.New("the line is too long")

func readLine(reader *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		piece, err := reader.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > lineBytesMax {
			return nil, errLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// ask does what a line asks for, and gives the id of what waits.
func (i *Interpreter) ask(line []byte, c *caller) string {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		c.answers <- refusal{failure{Name: "TypeError", Message: "the question is none"}}
		return ""
	}
	switch {
	case q.List:
		c.answers <- map[string]any{"tools": i.tools}
		return ""
	case i.run == nil || i.run.done != nil:
		c.answers <- refusal{failure{Name: "Error", Message: "no run is under way: nothing can be asked for"}}
		return ""
	case q.Limits:
		c.answers <- map[string]any{"limits": i.run.request.Limits}
		return ""
	case q.Now:
		c.answers <- map[string]any{"nowMillis": i.run.nowMillis}
		return ""
	}
	return i.request(&q, c)
}

func (i *Interpreter) request(q *question, c *caller) string {
	var id string
	var refused *failure
	switch {
	case q.SleepMillis != nil:
		id, refused = i.run.sleep(i.run.nowMillis+max(0, *q.SleepMillis), c)
	case !json.Valid([]byte(q.Arguments)):
		refused = &failure{Name: "TypeError", Message: "the arguments are no text of a value"}
	default:
		id, refused = i.run.call(q.Tool, q.Arguments, c)
	}
	if refused != nil {
		c.answers <- refusal{*refused}
		return ""
	}
	i.noteAsked()
	i.look()
	return id
}
