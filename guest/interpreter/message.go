package interpreter

import "encoding/json"

// Version is that of what is said between an interpreter and its host.
const Version = 1

// request is what the host says.
type request struct {
	Do        string          `json:"do"`
	Seed      string          `json:"seed"`
	Ordinal   int             `json:"ordinal"`
	Language  string          `json:"language"`
	Source    string          `json:"source"`
	NowMillis float64         `json:"nowMillis"`
	Tools     json.RawMessage `json:"tools"`
	Limits    limits          `json:"limits"`
	ID        string          `json:"id"`
	Outcome   *outcome        `json:"outcome"`
}

type limits struct {
	OutputBytes      int `json:"outputBytes"`
	OutstandingCalls int `json:"outstandingCalls"`
	CallsPerRun      int `json:"callsPerRun"`
	ArgumentBytes    int `json:"argumentBytes"`
	ResultBytes      int `json:"resultBytes"`
	SourceBytes      int `json:"sourceBytes"`
}

// failure is an error as guests and hosts see it.
type failure struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	Line    *int   `json:"line,omitempty"`
	Column  *int   `json:"column,omitempty"`
	Stack   string `json:"stack,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// outcome is what a call came to: the text of a value, or an error.
type outcome struct {
	Tag   string   `json:"_tag"`
	Value string   `json:"value,omitempty"`
	Error *failure `json:"error,omitempty"`
}

func rejected(f failure) *outcome { return &outcome{Tag: "Rejected", Error: &f} }

type call struct {
	ID        string `json:"id"`
	Path      string `json:"path"`
	Arguments string `json:"arguments"`
}

type sleep struct {
	ID        string  `json:"id"`
	DueMillis float64 `json:"dueMillis"`
}

// completed, failed and parked are what a turn may come to.
type completed struct {
	Tag       string   `json:"_tag"`
	Value     string   `json:"value"`
	Cancelled []string `json:"cancelled"`
}

type failed struct {
	Tag       string   `json:"_tag"`
	Error     failure  `json:"error"`
	Cancelled []string `json:"cancelled"`
}

type parked struct {
	Tag       string   `json:"_tag"`
	Calls     []call   `json:"calls"`
	Sleeps    []sleep  `json:"sleeps"`
	Cancelled []string `json:"cancelled"`
}

type usage struct {
	MemoryBytes float64 `json:"memoryBytes"`
}

type turnMessage struct {
	Say      string             `json:"say"`
	Turn     any                `json:"turn"`
	Usage    usage              `json:"usage"`
	Displays []json.RawMessage  `json:"displays,omitempty"`
	Phases   map[string]float64 `json:"phases,omitempty"`
}

type readyMessage struct {
	Say       string   `json:"say"`
	Version   int      `json:"version"`
	Languages []string `json:"languages"`
}

type preparedMessage struct {
	Say string `json:"say"`
}

type outputMessage struct {
	Say    string `json:"say"`
	Stream string `json:"stream"`
	Text   string `json:"text"`
}
