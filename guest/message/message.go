// Package message has the payloads of frames. Their shapes are said in src/guest/wire/{Greeting,Request,Reply}.ts, and both are
// held to test/fixtures/frames.
package message

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// Version is the version of the messages.
const Version = 1

// Size is the size of a terminal in characters.
type Size struct {
	Columns uint16 `msgpack:"columns" json:"columns"`
	Rows    uint16 `msgpack:"rows" json:"rows"`
}

// Encode makes the payload of a message.
func Encode(message any) ([]byte, error) {
	var out bytes.Buffer
	encoder := msgpack.NewEncoder(&out)
	encoder.UseCompactInts(true)
	encoder.UseCompactFloats(true)
	if err := encode(encoder, message); err != nil {
		return nil, fmt.Errorf("encode %T: %w", message, err)
	}
	return out.Bytes(), nil
}

// encode asks a message that can write itself to do so: looking at the shape of one is what takes longest of a first time.
func encode(encoder *msgpack.Encoder, message any) error {
	if own, ok := message.(msgpack.CustomEncoder); ok {
		return own.EncodeMsgpack(encoder)
	}
	return encoder.Encode(message)
}

func decode(decoder *msgpack.Decoder, message any) error {
	if own, ok := message.(msgpack.CustomDecoder); ok {
		return own.DecodeMsgpack(decoder)
	}
	return decoder.Decode(message)
}

// Decode reads a payload, all of it, into a message that has no other fields.
func Decode(payload []byte, message any) error {
	rest := bytes.NewReader(payload)
	decoder := msgpack.NewDecoder(rest)
	decoder.DisallowUnknownFields(true)
	if err := decode(decoder, message); err != nil {
		return fmt.Errorf("decode %T: %w", message, err)
	}
	if rest.Len() > 0 {
		return fmt.Errorf("decode %T: %d bytes after it", message, rest.Len())
	}
	return nil
}

// Count is a number of bytes, milliseconds or things. A host whose numbers are doubles writes large ones as such.
type Count uint64

const countMax = 1<<53 - 1

// DecodeMsgpack takes an integer, or a double that is one.
func (c *Count) DecodeMsgpack(decoder *msgpack.Decoder) error {
	value, err := decoder.DecodeInterface()
	if err != nil {
		return err
	}
	number, ok := whole(value)
	if !ok || number > countMax {
		return fmt.Errorf("%v is no count", value)
	}
	*c = Count(number)
	return nil
}

// EncodeMsgpack writes the shortest form.
func (c Count) EncodeMsgpack(encoder *msgpack.Encoder) error {
	return encoder.EncodeUint(uint64(c))
}

func whole(value any) (uint64, bool) {
	switch number := value.(type) {
	case int8:
		return uint64(number), number >= 0
	case int16:
		return uint64(number), number >= 0
	case int32:
		return uint64(number), number >= 0
	case int64:
		return uint64(number), number >= 0
	case uint8:
		return uint64(number), true
	case uint16:
		return uint64(number), true
	case uint32:
		return uint64(number), true
	case uint64:
		return number, true
	case float64:
		return uint64(number), number >= 0 && number <= countMax && number == float64(uint64(number))
	default:
		return 0, false
	}
}
