// Package golden reads the frames that this agent and its host are both held to.
package golden

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Frame is one frame of test/fixtures/frames/v1.json.
type Frame struct {
	Title    string
	From     string
	Kind     string
	Lane     uint8
	Epoch    uint16
	Stream   uint32
	Sequence uint32
	Schema   string
	Message  json.RawMessage
	Payload  Hex
	Bytes    Hex
}

// Broken is a sequence of bytes of broken.json, and what is read from it.
type Broken struct {
	Title string
	Bytes Hex
	Items []struct {
		Frame    string
		Sequence uint32
		Payload  Hex
		Broken   string
		Bytes    int
	}
}

// Hex is bytes as hexadecimal text.
type Hex []byte

// UnmarshalJSON reads hexadecimal text.
func (h *Hex) UnmarshalJSON(text []byte) error {
	var digits string
	if err := json.Unmarshal(text, &digits); err != nil {
		return err
	}
	decoded, err := hex.DecodeString(digits)
	*h = decoded
	return err
}

// Read reads one of the files.
func Read[T any](t testing.TB, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "fixtures", "frames", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%s has only %d cases", name, len(all))
	}
	return all
}
