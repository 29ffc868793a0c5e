package tool

import (
	"fmt"
	"strings"
)

// misuse is what is wrong with words, and what is allowed.
type misuse struct{ message string }

func (m *misuse) Error() string { return m.message }

func wrong(format string, a ...any) *misuse { return &misuse{fmt.Sprintf(format, a...)} }

const flagsDepthMax = 3

// flag is a property that can be given by a word.
type flag struct {
	name     string
	property any
	above    any
}

func flagsOf(schema any, root *object, prefix string, depth int) []flag {
	var all []flag
	known := properties(schema, root)
	for _, name := range known.keys {
		property := known.values[name]
		all = append(all, flag{prefix + name, property, schema})
		if depth < flagsDepthMax && len(properties(property, root).keys) > 0 {
			all = append(all, flagsOf(property, root, prefix+name+".", depth+1)...)
		}
	}
	return all
}

func plainName(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}

// propertyOf is the property that a flag names, exactly or but for case, dashes and underscores.
func propertyOf(known *object, name string) (string, bool) {
	if known.has(name) {
		return name, true
	}
	var alike []string
	for _, property := range known.keys {
		if plainName(property) == plainName(name) {
			alike = append(alike, property)
		}
	}
	if len(alike) == 1 {
		return alike[0], true
	}
	return "", false
}

func listed(schema any, root *object) string {
	var names []string
	for _, name := range properties(schema, root).keys {
		names = append(names, "--"+name)
	}
	switch {
	case names != nil:
		return "it takes " + strings.Join(names, ", ")
	case isOpen(schema, root):
		return "no flags are known of it"
	default:
		return "it takes no flags"
	}
}

// target is where a flag leads: the names of properties from the outside in, and the schema of the last.
type target struct {
	path   []string
	schema any
}

func targetOf(name string, root *object) (target, bool) {
	t := target{schema: root}
	for part := range strings.SplitSeq(name, ".") {
		known := properties(t.schema, root)
		property, ok := propertyOf(known, part)
		switch {
		case ok:
			t.path, t.schema = append(t.path, property), known.values[property]
		case isOpen(t.schema, root):
			t.path, t.schema = append(t.path, part), newObject()
		default:
			return target{}, false
		}
	}
	return t, true
}

func isOfType(schema any, root *object, kind string) bool { return contains(types(schema, root), kind) }

func put(into *object, path []string, value any, isRepeatable bool) {
	for _, name := range path[:len(path)-1] {
		below, ok := into.values[name].(*object)
		if !ok {
			below = newObject()
			into.set(name, below)
		}
		into = below
	}
	last := path[len(path)-1]
	before, wasList := into.values[last].([]any)
	if more, ok := value.([]any); ok && wasList && isRepeatable {
		value = append(append([]any{}, before...), more...)
	}
	into.set(last, value)
}

func valueOf(name, text string, schema any, root *object) (any, *misuse) {
	whole, ok := read(text, schema, root)
	if isOfType(schema, root, "array") {
		if _, isList := whole.([]any); isList {
			return whole, nil
		}
		items := find(schema, root, "items")
		item, ok := read(text, items, root)
		if !ok {
			return nil, wrong("--%s takes %s, several times if need be; not %s", name, describe(items, root), stringify(text))
		}
		return []any{item}, nil
	}
	if !ok {
		return nil, wrong("--%s takes %s, not %s", name, describe(schema, root), stringify(text))
	}
	return whole, nil
}

// negated is the property that `--no-NAME` is false for.
func negated(name string, root *object) (target, bool) {
	positive, ok := strings.CutPrefix(name, "no-")
	if _, isNamed := propertyOf(properties(root, root), name); !ok || isNamed {
		return target{}, false
	}
	t, ok := targetOf(positive, root)
	return t, ok && isOfType(t.schema, root, "boolean")
}

// words reads the words of a command.
type words struct {
	root  *object
	stdin func() ([]byte, error)
	flags *object
	json  any
	given bool
}

// argument is that of a tool. Of standard input is read what `--json -` asks for.
func argument(all []string, root *object, stdin func() ([]byte, error)) (any, *misuse) {
	w := words{root: root, stdin: stdin, flags: newObject()}
	for len(all) > 0 {
		taken, m := w.take(all)
		if m != nil {
			return nil, m
		}
		all = all[taken:]
	}
	given, isObject := w.json.(*object)
	if w.given && !isObject {
		if len(w.flags.keys) > 0 {
			return nil, wrong("--json takes a JSON object where there are flags beside it")
		}
		return w.json, nil
	}
	if given == nil {
		given = newObject()
	}
	merged := merge(given, w.flags)
	return merged, needAll(merged, root, root, "")
}

// take reads a word and what belongs to it, and says how many that are.
func (w *words) take(all []string) (int, *misuse) {
	word := all[0]
	if !strings.HasPrefix(word, "--") || word == "--" {
		return 0, wrong("%s is no flag: %s", stringify(word), listed(w.root, w.root))
	}
	name, text, hasText := strings.Cut(word[2:], "=")
	var following *string
	if len(all) > 1 {
		following = &all[1]
	}
	if _, isNamed := propertyOf(properties(w.root, w.root), "json"); name == "json" && !isNamed {
		return w.takeJSON(text, hasText, following)
	}
	if t, ok := negated(name, w.root); ok && !hasText {
		put(w.flags, t.path, false, false)
		return 1, nil
	}
	t, ok := targetOf(name, w.root)
	if !ok {
		return 0, wrong("--%s is not known: %s", name, listed(w.root, w.root))
	}
	isFlag := isOfType(t.schema, w.root, "boolean") && (following == nil || *following != "true" && *following != "false")
	if !hasText && isFlag {
		put(w.flags, t.path, true, false)
		return 1, nil
	}
	taken := 1
	if !hasText {
		if following == nil {
			return 0, wrong("--%s takes %s", name, describe(t.schema, w.root))
		}
		text, taken = *following, 2
	}
	value, m := valueOf(name, text, t.schema, w.root)
	if m == nil {
		put(w.flags, t.path, value, isOfType(t.schema, w.root, "array"))
	}
	return taken, m
}

func (w *words) takeJSON(text string, hasText bool, following *string) (int, *misuse) {
	taken := 1
	if !hasText {
		if following == nil {
			return 0, wrong("--json takes a JSON object, or - to read it")
		}
		text, taken = *following, 2
	}
	content := []byte(text)
	if text == "-" {
		var err error
		if content, err = w.stdin(); err != nil {
			return 0, wrong("%v", err)
		}
	}
	value, err := parse(content)
	if err != nil {
		return 0, wrong("--json takes a JSON object: %v", err)
	}
	w.json, w.given = value, true
	return taken, nil
}

// merge puts what was given into an object, objects into objects.
func merge(into, given *object) *object {
	for _, name := range given.keys {
		value := given.values[name]
		before, wasObject := into.values[name].(*object)
		if more, ok := value.(*object); ok && wasObject {
			value = merge(before.copy(), more)
		}
		into.set(name, value)
	}
	return into
}

func needAll(value *object, schema any, root *object, prefix string) *misuse {
	var missing []string
	for _, name := range required(schema, root) {
		if !value.has(name) {
			missing = append(missing, "--"+prefix+name)
		}
	}
	if len(missing) == 1 {
		return wrong("%s is required", missing[0])
	}
	if missing != nil {
		return wrong("%s are required", strings.Join(missing, ", "))
	}
	known := properties(schema, root)
	for _, name := range known.keys {
		if below, ok := value.values[name].(*object); ok {
			if m := needAll(below, known.values[name], root, prefix+name+"."); m != nil {
				return m
			}
		}
	}
	return nil
}
