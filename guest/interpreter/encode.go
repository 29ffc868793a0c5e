package interpreter

import (
	"bytes"
	"encoding/json"
)

// encode writes JSON as it is shortest: no character is escaped that need not be.
func encode(message any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}
