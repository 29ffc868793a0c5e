package message_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"caisson/guest/golden"
	"caisson/guest/message"
)

// empty gives a message of the shape that a golden frame names.
func empty(schema string, op string) any {
	switch schema {
	case "Hello":
		return &message.Hello{}
	case "Welcome":
		return &message.Welcome{}
	case "Instruction":
		return &message.Instruction{}
	case "Fault":
		return &message.Fault{}
	case "Notice":
		if op == "started" {
			return &message.Started{}
		}
		return &message.Ready{}
	case "Request":
		return message.Requests[op]()
	default:
		return nil
	}
}

func outcome(schema string, isRefused bool) any {
	if isRefused {
		return &message.Refused{}
	}
	return &message.Succeeded{OK: map[string]any{
		"Outcome of Exit":   &message.Exit{},
		"Outcome of Done":   &message.Done{},
		"Outcome of Moved":  &message.Moved{},
		"Outcome of Entry":  &message.Entry{},
		"Outcome of Frozen": &message.Frozen{},
	}[schema]}
}

type words struct {
	Op    string
	Note  string
	Error json.RawMessage
}

func shape(t testing.TB, g golden.Frame) any {
	t.Helper()
	var w words
	if err := json.Unmarshal(g.Message, &w); err != nil {
		t.Fatal(err)
	}
	if m := empty(g.Schema, w.Op+w.Note); m != nil {
		return m
	}
	return outcome(g.Schema, w.Error != nil)
}

func TestGoldenMessagesOfTheHostAreRead(t *testing.T) {
	for _, g := range golden.Read[golden.Frame](t, "v1.json") {
		if g.Schema == "" || g.From != "host" {
			continue
		}
		t.Run(g.Title, func(t *testing.T) {
			read := shape(t, g)
			if err := message.Decode(g.Payload, read); err != nil {
				t.Fatal(err)
			}
			expected := shape(t, g)
			if err := json.Unmarshal(g.Message, expected); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(read, expected) {
				t.Errorf("%+v, not %+v", read, expected)
			}
		})
	}
}

func TestGoldenMessagesOfTheAgentAreWritten(t *testing.T) {
	for _, g := range golden.Read[golden.Frame](t, "v1.json") {
		if g.Schema == "" || g.From != "guest" {
			continue
		}
		t.Run(g.Title, func(t *testing.T) {
			given := shape(t, g)
			if err := json.Unmarshal(g.Message, given); err != nil {
				t.Fatal(err)
			}
			written, err := message.Encode(given)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(written, g.Payload) {
				t.Errorf("%+v is written\n%x, not\n%x", given, written, g.Payload)
			}
		})
	}
}

func TestWhatIsNotAsSmallAsItSaysIsRefused(t *testing.T) {
	for _, g := range golden.Read[struct {
		Title   string
		Payload golden.Hex
	}](t, "refused.json") {
		if err := message.Decode(g.Payload, &message.Rename{}); err == nil {
			t.Errorf("%s was read", g.Title)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, g := range golden.Read[golden.Frame](f, "v1.json") {
		f.Add([]byte(g.Payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for op, make := range message.Requests {
			request := make()
			if message.Decode(payload, request) != nil {
				continue
			}
			if _, err := message.Encode(request); err != nil {
				t.Errorf("%s was read but cannot be written: %v", op, err)
			}
		}
		_ = message.Decode(payload, &message.Hello{})
		_ = message.Decode(payload, &message.Instruction{})
	})
}
