package call

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
)

// callersMax is how many programs may be connected at the same time.
const callersMax = 64

// question is a line that guest code writes: a call of a tool, or the wish to know which there are.
//
//	{"process":"1","tool":"stripe.charges.create","arguments":[{"amount":500}]}
//	{"list":true}
//
// The answer is a line as the host wrote it: {"value":…} or {"error":{"name":…,"message":…}}.
type question struct {
	Process   string          `json:"process"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	List      bool            `json:"list"`
}

type failure struct {
	Error struct {
		Name    string `json:"name"`
		Message string `json:"message"`
	} `json:"error"`
}

func refusal(err error) []byte {
	var f failure
	f.Error.Name, f.Error.Message = "ToolCallError", err.Error()
	text, _ := json.Marshal(f) // has nothing that cannot be written
	return text
}

// Listen makes the socket, which everybody in the guest may connect to.
func Listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for tool calls: %w", err)
	}
	return listener, os.Chmod(path, 0o666)
}

// Serve answers guest code until the socket is closed.
func (c *Calls) Serve(listener net.Listener) {
	callers := make(chan struct{}, callersMax)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		select {
		case callers <- struct{}{}:
			go func() {
				c.converse(connection)
				<-callers
			}()
		default:
			_ = connection.Close()
		}
	}
}

var errQuestion = errors.New("no call of a tool")

// converse answers the lines of one caller, one after the other. A caller that writes before it has its answer, or goes, is left.
func (c *Calls) converse(connection net.Conn) {
	defer connection.Close()
	done := make(chan struct{})
	defer close(done)
	lines := make(chan []byte)
	go func() {
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
	}()
	for line := range lines {
		answer, ok := c.answer(line, lines)
		if !ok {
			return
		}
		if _, err := connection.Write(append(bytes.ReplaceAll(answer, []byte("\n"), nil), '\n')); err != nil {
			return
		}
	}
}

// readLine reads a line that is not longer than arguments may be.
func readLine(reader *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		piece, err := reader.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > argumentBytes {
			return nil, errQuestion
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// answer waits for the answer to a line; there is none for a caller that has left.
func (c *Calls) answer(line []byte, next <-chan []byte) ([]byte, bool) {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return refusal(errQuestion), true
	}
	if q.List {
		c.mu.Lock()
		defer c.mu.Unlock()
		return append(append([]byte(`{"value":`), c.tools...), '}'), true
	}
	if q.Arguments == nil {
		q.Arguments = json.RawMessage("[]")
	}
	begun, err := c.begin(q.Process, q.Tool, q.Arguments)
	if err != nil {
		return refusal(err), true
	}
	select {
	case answer := <-begun.answer:
		return answer, true
	case <-next:
		if c.end(begun) {
			close(begun.left)
		}
		return nil, false
	}
}
