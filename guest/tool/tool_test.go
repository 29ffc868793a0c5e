package tool

import (
	"errors"
	"testing"
)

var errNoInput = errors.New("there is no input")

func noInput() ([]byte, error) { return nil, errNoInput }

func rootOf(t *testing.T, text string) *object {
	t.Helper()
	parsed, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(*object)
}

const letter = `{"type":"object","properties":{
	"to":{"type":"array","items":{"type":"string"}},"subject":{"type":"string"},"copies":{"type":"integer"},
	"weight":{"type":"number"},"urgent":{"type":"boolean"},"place":{"$ref":"#/$defs/place"}},
	"required":["to"],"additionalProperties":false,
	"$defs":{"place":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}`

func TestWordsBecomeArguments(t *testing.T) {
	root := rootOf(t, letter)
	for expected, words := range map[string][]string{
		`{"to":["a"],"copies":3}`:                   {"--to", "a", "--copies", "3"},
		`{"to":["a","b"],"weight":2.5}`:             {"--to=a", "--to", "b", "--weight", "2.50"},
		`{"to":["a"],"urgent":true,"subject":"s"}`:  {"--to", "a", "--urgent", "--subject", "s"},
		`{"to":["a"],"urgent":false}`:               {"--to", "a", "--no-urgent"},
		`{"to":["a"],"place":{"city":"Rome"}}`:      {"--to", "a", "--place.city", "Rome"},
		`{"to":["x","y"],"copies":2}`:               {"--json", `{"to":["x","y"],"copies":1}`, "--copies", "2"},
		`{"to":["a"],"place":{"city":"R","a":[1]}}`: {"--to", "a", "--place", `{"city":"R","a":[1]}`},
	} {
		value, m := argument(words, root, noInput)
		if m != nil || stringify(value) != expected {
			t.Errorf("%v gives %s (%v), not %s", words, stringify(value), m, expected)
		}
	}
}

func TestWrongWordsAreRefusedWithWhatIsAllowed(t *testing.T) {
	root := rootOf(t, letter)
	for expected, words := range map[string][]string{
		`--to is required`:                         {},
		`--copies takes a whole number, not "2.5"`: {"--copies", "2.5"},
		`--weight takes a number`:                  {"--weight"},
		`"hello" is no flag: it takes --to, --subject, --copies, --weight, --urgent, --place`: {"hello"},
		`--json takes a JSON object, or - to read it`:                                         {"--json"},
		`there is no input`:        {"--json", "-"},
		`--place.city is required`: {"--to", "a", "--place", "{}"},
		`--json takes a JSON object where there are flags beside it`: {"--json", "[]", "--to", "a"},
	} {
		if _, m := argument(words, root, noInput); m == nil || m.Error() != expected {
			t.Errorf("%v: %v, not %s", words, m, expected)
		}
	}
}

func TestAnyTextOfAValueIsPrinted(t *testing.T) {
	for text, expected := range map[string]string{
		`"a"`:                                        "a\n",
		`{"$":["undefined"]}`:                        "",
		`{"$":["Uint8Array","AGE="]}`:                "\x00a",
		`[{"$":["Number","NaN"]},1e21]`:              "[null,1e21]\n",
		`{"a":{"$":["undefined"]}}`:                  "{}\n",
		`{"$":["Set",[1]]}`:                          "[1]\n",
		`{"$":["Object",[["$",1]]]}`:                 `{"$":1}` + "\n",
		`{"$":["Error",{"name":"E","message":"m"}]}`: `{"name":"E","message":"m"}` + "\n",
	} {
		if printed, err := shown(text); err != nil || string(printed) != expected {
			t.Errorf("%s is %q (%v), not %q", text, printed, err, expected)
		}
	}
}

func FuzzSchema(f *testing.F) {
	f.Add(letter, "--to")
	f.Add(`{"$ref":"#"}`, "--x")
	f.Add(`{"anyOf":[{"$ref":"#"}]}`, "--no-x")
	f.Fuzz(func(_ *testing.T, schema, word string) {
		parsed, err := parse([]byte(schema))
		root, ok := parsed.(*object)
		if err != nil || !ok {
			return
		}
		_, _ = argument([]string{word, word}, root, noInput)
		_ = help(known{Path: "t"}, root)
	})
}
