package message

// Started says that a process runs or was taken over, and where its lanes begin.
type Started struct {
	Note   string `msgpack:"note" json:"note"`
	PID    Count  `msgpack:"pid" json:"pid"`
	Output Count  `msgpack:"output" json:"output"`
	Errors Count  `msgpack:"errors" json:"errors"`
}

// Ready says that from now on no change is missed.
type Ready struct {
	Note string `msgpack:"note" json:"note"`
}

// How says in which way a process ended.
type How string

const (
	Exited         How = "exited"
	Signalled      How = "signalled"
	TimedOut       How = "timedOut"
	OutOfMemory    How = "outOfMemory"
	OutOfProcesses How = "outOfProcesses"
)

// Exit is how a process ended, and what it used.
type Exit struct {
	How         How    `msgpack:"how" json:"how"`
	Code        *int   `msgpack:"code,omitempty" json:"code,omitempty"`
	Signal      *int   `msgpack:"signal,omitempty" json:"signal,omitempty"`
	WallMillis  Count  `msgpack:"wallMillis" json:"wallMillis"`
	CPUMillis   Count  `msgpack:"cpuMillis" json:"cpuMillis"`
	MemoryBytes *Count `msgpack:"memoryBytes,omitempty" json:"memoryBytes,omitempty"`
	Output      Count  `msgpack:"output" json:"output"`
	Errors      Count  `msgpack:"errors" json:"errors"`
}

// Entry is what is known of one thing in the guest's files.
type Entry struct {
	Path           string `msgpack:"path" json:"path"`
	Kind           string `msgpack:"kind" json:"kind"`
	Bytes          Count  `msgpack:"bytes" json:"bytes"`
	ModifiedMillis int64  `msgpack:"modifiedMillis" json:"modifiedMillis"`
	Mode           uint32 `msgpack:"mode" json:"mode"`
}

// ChangeKind is what has become of something.
type ChangeKind string

// What can become of something.
const (
	Created ChangeKind = "created"
	Changed ChangeKind = "changed"
	Removed ChangeKind = "removed"
)

// Change is a record of a watch.
type Change struct {
	Path string     `msgpack:"path" json:"path"`
	Kind ChangeKind `msgpack:"kind" json:"kind"`
}

// Told is the last record of each answer of a watch.
type Told struct {
	Changes Count `msgpack:"changes" json:"changes"`
}

// Done is the outcome of what gives nothing.
type Done struct{}

// Moved says how much was moved.
type Moved struct {
	Entries Count `msgpack:"entries" json:"entries"`
	Bytes   Count `msgpack:"bytes" json:"bytes"`
}

// Frozen says whether guest code stands still.
type Frozen struct {
	IsStill bool `msgpack:"isStill" json:"isStill"`
}

// Succeeded is the end of a stream whose request was done.
type Succeeded struct {
	OK any `msgpack:"ok" json:"ok"`
}

// Refused is the end of a stream whose request was not done.
type Refused struct {
	Error Refusal `msgpack:"error" json:"error"`
}

// Refusal says why not. The codes are those of Reply.ts.
type Refusal struct {
	Code    string `msgpack:"code" json:"code"`
	Message string `msgpack:"message" json:"message"`
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Fault is what the agent could not read.
type Fault struct {
	Detail string `msgpack:"detail" json:"detail"`
}
