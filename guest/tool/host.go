package tool

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
)

// failed is what a call came to that was refused or failed.
type failed struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

func (f *failed) Error() string { return f.Name + ": " + f.Message }

var errNoHost = errors.New("there are no tools here: CAISSON_SOCKET is not set")

// ask asks the interpreter that has started this process, or one above it.
func ask(question, answer any) error {
	path := os.Getenv("CAISSON_SOCKET")
	if path == "" {
		return errNoHost
	}
	connection, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer connection.Close()
	line, err := marshal(question)
	if err != nil {
		return err
	}
	if _, err := connection.Write(append(line, '\n')); err != nil {
		return err
	}
	said, err := bufio.NewReader(connection).ReadBytes('\n')
	if err != nil && (!errors.Is(err, io.EOF) || len(said) == 0) {
		return &failed{"Error", "the call was given up"}
	}
	var refusal struct {
		Error *failed `json:"error"`
	}
	if err := json.Unmarshal(said, &refusal); err != nil {
		return err
	}
	if refusal.Error != nil {
		return refusal.Error
	}
	return json.Unmarshal(said, answer)
}

// known is what may be known of a tool.
type known struct {
	Path        string          `json:"path"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input"`
}

func all() ([]known, error) {
	var answer struct {
		Tools []known `json:"tools"`
	}
	err := ask(map[string]bool{"list": true}, &answer)
	return answer.Tools, err
}

// call gives the Value text of the result.
func call(path string, argument any) (string, error) {
	arguments, err := marshal([]any{argument})
	if err != nil {
		return "", err
	}
	var answer struct {
		Value string `json:"value"`
	}
	err = ask(map[string]string{"tool": path, "arguments": string(arguments)}, &answer)
	return answer.Value, err
}
