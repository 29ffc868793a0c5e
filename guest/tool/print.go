package tool

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// nothing stands for a value that is not there.
type nothing struct{}

// shown is what is printed of a Value text: bytes as they are, a text as it is, all else as JSON, and nothing of nothing.
func shown(text string) ([]byte, error) {
	parsed, err := parse([]byte(text))
	if err != nil {
		return nil, err
	}
	if name, payload := tagOf(parsed); name == "Uint8Array" {
		encoded, _ := payload.(string)
		return base64.StdEncoding.DecodeString(encoded)
	}
	switch value := plain(parsed).(type) {
	case nothing:
		return nil, nil
	case string:
		return []byte(value + "\n"), nil
	default:
		written, err := marshal(value)
		return append(written, '\n'), err
	}
}

// tagOf is the name and the payload of what JSON cannot say: see src/tool/Value.ts.
func tagOf(value any) (string, any) {
	o, ok := value.(*object)
	if !ok || !o.has("$") {
		return "", nil
	}
	tag, _ := o.values["$"].([]any)
	if len(tag) == 0 {
		return "", nil
	}
	name, _ := tag[0].(string)
	if len(tag) < 2 {
		return name, nil
	}
	return name, tag[1]
}

// plain is a value as JSON can have it.
func plain(value any) any {
	if name, payload := tagOf(value); name != "" {
		return plainTag(name, payload)
	}
	switch value := value.(type) {
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = orNull(plain(item))
		}
		return list
	case *object:
		o := newObject()
		for _, key := range value.keys {
			if item := plain(value.values[key]); item != (nothing{}) {
				o.set(key, item)
			}
		}
		return o
	default:
		return value
	}
}

func orNull(value any) any {
	if value == (nothing{}) {
		return nil
	}
	return value
}

const isoMillis = "2006-01-02T15:04:05.000Z"

func plainTag(name string, payload any) any {
	switch name {
	case "undefined":
		return nothing{}
	case "Number":
		if payload == "-0" {
			return json.Number("0")
		}
		return nil
	case "Date":
		number, ok := payload.(json.Number)
		if !ok {
			return nil
		}
		millis, _ := number.Int64()
		return time.UnixMilli(millis).UTC().Format(isoMillis)
	case "Object":
		return plainObject(payload)
	case "Opaque":
		o := newObject()
		o.set("description", payload)
		return o
	default: // digits, lists, base64, and an error as it is
		return plain(payload)
	}
}

func plainObject(payload any) any {
	o := newObject()
	pairs, _ := payload.([]any)
	for _, pair := range pairs {
		if parts, ok := pair.([]any); ok && len(parts) == 2 {
			key, _ := parts[0].(string)
			if value := plain(parts[1]); value != (nothing{}) {
				o.set(key, value)
			}
		}
	}
	return o
}
