// Package tool is the command `tool`, by which scripts call tools of the host.
package tool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// object is one of JSON whose keys have an order: that of a schema is the one in which flags are told. Other values are as
// encoding/json has them, with numbers as they were written.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(key string, value any) {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) has(key string) bool {
	_, ok := o.values[key]
	return ok
}

func (o *object) copy() *object {
	c := newObject()
	for _, key := range o.keys {
		c.set(key, o.values[key])
	}
	return c
}

// MarshalJSON writes it in its order.
func (o *object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			text.WriteByte(',')
		}
		for j, part := range []any{key, o.values[key]} {
			if j > 0 {
				text.WriteByte(':')
			}
			written, err := marshal(part)
			if err != nil {
				return nil, err
			}
			text.Write(written)
		}
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

func marshal(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

func stringify(value any) string {
	text, err := marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// isEqual says whether two values are written in the same way.
func isEqual(a, b any) bool { return stringify(a) == stringify(b) }

var errTrailing = errors.New("there is something behind the JSON")

// parse reads one value.
func parse(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := next(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return value, nil
}

func next(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return nextObject(decoder)
	case json.Delim('['):
		return nextList(decoder)
	}
	return token, nil
}

func nextObject(decoder *json.Decoder) (any, error) {
	o := newObject()
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := next(decoder)
		if err != nil {
			return nil, err
		}
		o.set(key.(string), value) // the decoder takes no other keys
	}
	_, err := decoder.Token()
	return o, err
}

func nextList(decoder *json.Decoder) (any, error) {
	list := []any{}
	for decoder.More() {
		value, err := next(decoder)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := decoder.Token()
	return list, err
}

func contains(list []string, word string) bool { return slices.Contains(list, word) }
