package tool

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Values of JSON Schema, in words: what a flag may be, what becomes of the text that it is given. The host checks arguments; this is for
// people.

const refsMax = 16

var unescapeRef = strings.NewReplacer("~1", "/", "~0", "~")

// resolve is a schema with its local reference followed.
func resolve(schema any, root *object) *object {
	at := schema
	for range refsMax {
		o, ok := at.(*object)
		if !ok {
			break
		}
		ref, ok := o.values["$ref"].(string)
		if !ok {
			return o
		}
		at = follow(ref, root)
	}
	if o, ok := at.(*object); ok {
		return o
	}
	return newObject()
}

func follow(ref string, root *object) any {
	if !strings.HasPrefix(ref, "#") {
		return nil
	}
	var at any = root
	for _, segment := range strings.Split(ref, "/")[1:] {
		o, ok := at.(*object)
		if !ok {
			return nil
		}
		at = o.values[unescapeRef.Replace(segment)]
	}
	return at
}

func alternatives(schema any, root *object, depth int) []*object {
	own := resolve(schema, root)
	all := []*object{own}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		others, ok := own.values[key].([]any)
		if !ok || depth >= refsMax {
			continue
		}
		for _, other := range others {
			all = append(all, alternatives(other, root, depth+1)...)
		}
	}
	return all
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case []any:
		return "array"
	case *object:
		return "object"
	case bool:
		return "boolean"
	case string:
		return "string"
	default:
		return "number"
	}
}

func typesIn(schema *object) []string {
	switch kind := schema.values["type"].(type) {
	case string:
		return []string{kind}
	case []any:
		var all []string
		for _, one := range kind {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	if listed, ok := schema.values["enum"].([]any); ok {
		var all []string
		for _, one := range listed {
			all = append(all, typeOf(one))
		}
		return all
	}
	if schema.has("const") {
		return []string{typeOf(schema.values["const"])}
	}
	if _, ok := schema.values["properties"].(*object); ok {
		return []string{"object"}
	}
	if _, ok := schema.values["items"].(*object); ok {
		return []string{"array"}
	}
	return nil
}

// types are those that a value may have; none stands for any.
func types(schema any, root *object) []string {
	var all []string
	for _, each := range alternatives(schema, root, 0) {
		for _, kind := range typesIn(each) {
			if !contains(all, kind) {
				all = append(all, kind)
			}
		}
	}
	return all
}

func find(schema any, root *object, key string) any {
	for _, each := range alternatives(schema, root, 0) {
		if each.has(key) {
			return each.values[key]
		}
	}
	return nil
}

func properties(schema any, root *object) *object {
	all := newObject()
	for _, each := range alternatives(schema, root, 0) {
		if own, ok := each.values["properties"].(*object); ok {
			for _, key := range own.keys {
				all.set(key, own.values[key])
			}
		}
	}
	return all
}

func required(schema any, root *object) []string {
	var all []string
	for _, each := range alternatives(schema, root, 0) {
		names, _ := each.values["required"].([]any)
		for _, name := range names {
			if text, ok := name.(string); ok {
				all = append(all, text)
			}
		}
	}
	return all
}

// isOpen says whether properties are allowed that the schema does not name.
func isOpen(schema any, root *object) bool {
	isNamed, isClosed, allows := false, false, false
	for _, each := range alternatives(schema, root, 0) {
		if _, ok := each.values["properties"].(*object); ok {
			isNamed = true
		}
		additional, ok := each.values["additionalProperties"]
		isClosed = isClosed || additional == false
		allows = allows || (ok && additional != false && additional != nil)
	}
	if isNamed {
		return allows
	}
	return !isClosed
}

// choices are the values that are allowed, if only some are.
func choices(schema any, root *object) []any {
	var all []any
	for _, each := range alternatives(schema, root, 0) {
		if listed, ok := each.values["enum"].([]any); ok {
			all = append(all, listed...)
		} else if each.has("const") {
			all = append(all, each.values["const"])
		}
	}
	return all
}

var typeNames = map[string]string{
	"integer": "a whole number", "number": "a number", "boolean": "true or false", "null": "null", "array": "a JSON array",
	"object": "a JSON object", "string": "text",
}

func join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// describe is what is allowed, in words.
func describe(schema any, root *object) string {
	var words []string
	for _, choice := range choices(schema, root) {
		if text, ok := choice.(string); ok {
			words = append(words, text)
		} else {
			words = append(words, stringify(choice))
		}
	}
	if words != nil {
		return join(words)
	}
	for _, kind := range types(schema, root) {
		if name, ok := typeNames[kind]; ok {
			kind = name
		}
		words = append(words, kind)
	}
	if words == nil {
		return "any value"
	}
	return join(words)
}

var (
	wholePattern  = regexp.MustCompile(`^[-+]?\d+$`)
	numberPattern = regexp.MustCompile(`(?i)^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$`)
	listPattern   = regexp.MustCompile(`^\s*\[`)
	objectPattern = regexp.MustCompile(`^\s*\{`)
)

const safeMax = 1<<53 - 1

func readNumber(text string, pattern *regexp.Regexp) (any, bool) {
	if !pattern.MatchString(text) {
		return nil, false
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(number, 0) {
		return nil, false
	}
	return json.Number(stringify(number)), true
}

func readJSON(text string, pattern *regexp.Regexp) (any, bool) {
	if !pattern.MatchString(text) {
		return nil, false
	}
	value, err := parse([]byte(text))
	return value, err == nil
}

// readers make values of texts, in the order in which they are tried.
var readers = []struct {
	kind string
	read func(text string) (any, bool)
}{
	{"null", func(text string) (any, bool) { return nil, text == "null" }},
	{"boolean", func(text string) (any, bool) { return text == "true", text == "true" || text == "false" }},
	{"integer", func(text string) (any, bool) {
		value, ok := readNumber(text, wholePattern)
		if !ok {
			return nil, false
		}
		number, err := value.(json.Number).Float64()
		return value, err == nil && math.Abs(number) <= safeMax
	}},
	{"number", func(text string) (any, bool) { return readNumber(text, numberPattern) }},
	{"array", func(text string) (any, bool) { return readJSON(text, listPattern) }},
	{"object", func(text string) (any, bool) { return readJSON(text, objectPattern) }},
	{"string", func(text string) (any, bool) { return text, true }},
}

// read is the value of a text, if it is one that is allowed.
func read(text string, schema any, root *object) (any, bool) {
	allowed, listed := types(schema, root), choices(schema, root)
	for _, reader := range readers {
		if allowed != nil && !contains(allowed, reader.kind) {
			continue
		}
		value, ok := reader.read(text)
		if !ok {
			continue
		}
		if listed == nil {
			return value, true
		}
		for _, choice := range listed {
			if isEqual(choice, value) {
				return value, true
			}
		}
	}
	return nil, false
}
