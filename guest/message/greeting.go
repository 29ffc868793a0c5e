package message

const (
	NonceBytes   = 16
	EntropyBytes = 32
	ProcessesMax = 256
)

// Hello is what a host says first on every connection.
type Hello struct {
	Version  int    `msgpack:"version" json:"version"`
	Nonce    []byte `msgpack:"nonce" json:"nonce"`
	Seconds  Count  `msgpack:"seconds" json:"seconds"`
	Nanos    Count  `msgpack:"nanos" json:"nanos"`
	Entropy  []byte `msgpack:"entropy" json:"entropy"`
	Hostname string `msgpack:"hostname,omitempty" json:"hostname,omitempty"`
}

// ProcessState tells whether a known process has ended.
type ProcessState string

const (
	Running ProcessState = "running"
	Ended   ProcessState = "ended"
)

// KnownProcess is a process that the agent knows.
type KnownProcess struct {
	ID    string       `msgpack:"id" json:"id"`
	State ProcessState `msgpack:"state" json:"state"`
}

// Ability is something that not every guest can do.
type Ability string

const (
	Terminal     Ability = "terminal"
	Watching     Ability = "watch"
	MemoryLimit  Ability = "memoryLimit"
	ProcessLimit Ability = "processLimit"
	CPULimit     Ability = "cpuLimit"
	Freezing     Ability = "freeze"
)

// Welcome answers a hello.
type Welcome struct {
	Version    int            `msgpack:"version" json:"version"`
	Nonce      []byte         `msgpack:"nonce" json:"nonce"`
	Agent      string         `msgpack:"agent" json:"agent"`
	Generation []byte         `msgpack:"generation" json:"generation"`
	Seconds    Count          `msgpack:"seconds" json:"seconds"`
	Nanos      Count          `msgpack:"nanos" json:"nanos"`
	ClockSet   bool           `msgpack:"clockSet" json:"clockSet"`
	Reseeded   bool           `msgpack:"reseeded" json:"reseeded"`
	Sample     []byte         `msgpack:"sample" json:"sample"`
	Template   string         `msgpack:"template" json:"template"`
	Abilities  []Ability      `msgpack:"abilities" json:"abilities"`
	Processes  []KnownProcess `msgpack:"processes" json:"processes"`
}
