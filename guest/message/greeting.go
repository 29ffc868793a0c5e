package message

import (
	"errors"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

const (
	NonceBytes   = 16
	EntropyBytes = 32
	ProcessesMax = 256
)

// Hello is what a host says first on every connection. Hellos and welcomes read and write themselves: a guest that goes on from a
// snapshot does nothing before them.
type Hello struct {
	Version  int    `msgpack:"version" json:"version"`
	Nonce    []byte `msgpack:"nonce" json:"nonce"`
	Seconds  Count  `msgpack:"seconds" json:"seconds"`
	Nanos    Count  `msgpack:"nanos" json:"nanos"`
	Entropy  []byte `msgpack:"entropy" json:"entropy"`
	Hostname string `msgpack:"hostname,omitempty" json:"hostname,omitempty"`
}

// DecodeMsgpack reads a hello.
func (h *Hello) DecodeMsgpack(decoder *msgpack.Decoder) error {
	fields, err := decoder.DecodeMapLen()
	for ; err == nil && fields > 0; fields-- {
		var name string
		if name, err = decoder.DecodeString(); err == nil {
			err = h.decodeField(decoder, name)
		}
	}
	return err
}

func (h *Hello) decodeField(decoder *msgpack.Decoder, name string) (err error) {
	switch name {
	case "version":
		h.Version, err = decoder.DecodeInt()
	case "nonce":
		h.Nonce, err = decoder.DecodeBytes()
	case "seconds":
		err = h.Seconds.DecodeMsgpack(decoder)
	case "nanos":
		err = h.Nanos.DecodeMsgpack(decoder)
	case "entropy":
		h.Entropy, err = decoder.DecodeBytes()
	case "hostname":
		h.Hostname, err = decoder.DecodeString()
	default:
		err = fmt.Errorf("unknown field %q", name)
	}
	return err
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

// EncodeMsgpack writes a welcome.
func (w Welcome) EncodeMsgpack(encoder *msgpack.Encoder) error {
	abilities := make([]any, 0, len(w.Abilities))
	for _, ability := range w.Abilities {
		abilities = append(abilities, string(ability))
	}
	return errors.Join(
		encoder.EncodeMapLen(12),
		encoder.EncodeMulti(
			"version", w.Version, "nonce", w.Nonce, "agent", w.Agent, "generation", w.Generation,
			"seconds", uint64(w.Seconds), "nanos", uint64(w.Nanos), "clockSet", w.ClockSet, "reseeded", w.Reseeded,
			"sample", w.Sample, "template", w.Template,
		),
		encoder.EncodeString("abilities"), encoder.EncodeArrayLen(len(abilities)), encoder.EncodeMulti(abilities...),
		encoder.EncodeString("processes"), encoder.EncodeArrayLen(len(w.Processes)), encodeProcesses(encoder, w.Processes),
	)
}

func encodeProcesses(encoder *msgpack.Encoder, known []KnownProcess) (err error) {
	for at := 0; err == nil && at < len(known); at++ {
		err = encoder.EncodeMapLen(2)
		if err == nil {
			err = encoder.EncodeMulti("id", known[at].ID, "state", string(known[at].State))
		}
	}
	return err
}
