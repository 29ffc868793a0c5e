package message

import (
	"fmt"
	"regexp"

	"github.com/vmihailenco/msgpack/v5"
)

// Limits is what a process and all that it starts may use; of what is zero there is no limit.
type Limits struct {
	MemoryBytes Count `msgpack:"memoryBytes,omitempty" json:"memoryBytes,omitempty"`
	Processes   Count `msgpack:"processes,omitempty" json:"processes,omitempty"`
	CPUPercent  Count `msgpack:"cpuPercent,omitempty" json:"cpuPercent,omitempty"`
}

// User is whom a process runs as.
type User string

const (
	Guest User = "guest"
	Root  User = "root"
)

// Leftovers says what becomes of processes that a process has started, when it ends.
type Leftovers string

const (
	EndThem  Leftovers = "end"
	LetStay  Leftovers = "stay"
	argsMax            = 4_096
	environM           = 4_096
)

// Execute starts a process.
type Execute struct {
	Op            string    `msgpack:"op" json:"op"`
	ID            string    `msgpack:"id" json:"id"`
	Arguments     []string  `msgpack:"arguments" json:"arguments"`
	Environment   []string  `msgpack:"environment" json:"environment"`
	Directory     string    `msgpack:"directory,omitempty" json:"directory,omitempty"`
	User          User      `msgpack:"user" json:"user"`
	HasInput      bool      `msgpack:"hasInput" json:"hasInput"`
	Terminal      *Size     `msgpack:"terminal,omitempty" json:"terminal,omitempty"`
	TimeoutMillis Count     `msgpack:"timeoutMillis,omitempty" json:"timeoutMillis,omitempty"`
	Leftovers     Leftovers `msgpack:"leftovers" json:"leftovers"`
	Limits        *Limits   `msgpack:"limits,omitempty" json:"limits,omitempty"`
}

var processID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

// Validate says what is wrong with a request to start a process.
func (e *Execute) Validate() error {
	switch {
	case !processID.MatchString(e.ID):
		return fmt.Errorf("%q is no id of a process", e.ID)
	case len(e.Arguments) == 0 || len(e.Arguments) > argsMax || len(e.Environment) > environM:
		return fmt.Errorf("a process has 1 to %d arguments, and at most %d variables", argsMax, environM)
	case e.User != Guest && e.User != Root:
		return fmt.Errorf("%q is no user", e.User)
	case e.Leftovers != EndThem && e.Leftovers != LetStay:
		return fmt.Errorf("%q is nothing that can become of leftovers", e.Leftovers)
	default:
		return nil
	}
}

// Attach takes over a process of another connection, from where its lanes were known.
type Attach struct {
	Op     string `msgpack:"op" json:"op"`
	ID     string `msgpack:"id" json:"id"`
	Output Count  `msgpack:"output" json:"output"`
	Errors Count  `msgpack:"errors" json:"errors"`
}

// Read reads bytes of a file; all from the offset on if there is no length.
type Read struct {
	Op     string `msgpack:"op" json:"op"`
	Path   string `msgpack:"path" json:"path"`
	Offset Count  `msgpack:"offset,omitempty" json:"offset,omitempty"`
	Length *Count `msgpack:"length,omitempty" json:"length,omitempty"`
}

// Write replaces a file, or appends to it.
type Write struct {
	Op         string  `msgpack:"op" json:"op"`
	Path       string  `msgpack:"path" json:"path"`
	IsAppended bool    `msgpack:"isAppended" json:"isAppended"`
	Mode       *uint32 `msgpack:"mode,omitempty" json:"mode,omitempty"`
}

// Tree is a request about a path and, if it is recursive, all that is below it: list, remove and watch.
type Tree struct {
	Op          string `msgpack:"op" json:"op"`
	Path        string `msgpack:"path" json:"path"`
	IsRecursive bool   `msgpack:"isRecursive" json:"isRecursive"`
}

// Place is a request about a path: stat, makeDirectory, put and get.
type Place struct {
	Op   string `msgpack:"op" json:"op"`
	Path string `msgpack:"path" json:"path"`
}

// Rename gives a file another path.
type Rename struct {
	Op   string `msgpack:"op" json:"op"`
	From string `msgpack:"from" json:"from"`
	To   string `msgpack:"to" json:"to"`
}

// Bare is a request without anything to it: freeze and thaw.
type Bare struct {
	Op string `msgpack:"op" json:"op"`
}

// Clock sets the clock of a machine.
type Clock struct {
	Op      string `msgpack:"op" json:"op"`
	Seconds Count  `msgpack:"seconds" json:"seconds"`
	Nanos   Count  `msgpack:"nanos" json:"nanos"`
}

// Instruction is what a host says about a process while it runs: signal or resize.
type Instruction struct {
	Note    string `msgpack:"note" json:"note"`
	Signal  int    `msgpack:"signal,omitempty" json:"signal,omitempty"`
	Columns uint16 `msgpack:"columns,omitempty" json:"columns,omitempty"`
	Rows    uint16 `msgpack:"rows,omitempty" json:"rows,omitempty"`
}

// Requests makes an empty request of each operation.
var Requests = map[string]func() any{
	"execute":       func() any { return new(Execute) },
	"attach":        func() any { return new(Attach) },
	"read":          func() any { return new(Read) },
	"write":         func() any { return new(Write) },
	"list":          func() any { return new(Tree) },
	"stat":          func() any { return new(Place) },
	"makeDirectory": func() any { return new(Place) },
	"remove":        func() any { return new(Tree) },
	"rename":        func() any { return new(Rename) },
	"put":           func() any { return new(Place) },
	"get":           func() any { return new(Place) },
	"watch":         func() any { return new(Tree) },
	"freeze":        func() any { return new(Bare) },
	"thaw":          func() any { return new(Bare) },
	"clock":         func() any { return new(Clock) },
}

type operation struct {
	Op string `msgpack:"op"`
}

// DecodeRequest reads a request of whatever operation.
func DecodeRequest(payload []byte) (any, error) {
	var o operation
	if err := msgpack.Unmarshal(payload, &o); err != nil {
		return nil, fmt.Errorf("decode a request: %w", err)
	}
	empty, ok := Requests[o.Op]
	if !ok {
		return nil, fmt.Errorf("there is no operation %q", o.Op)
	}
	request := empty()
	return request, Decode(payload, request)
}
