package tool

import (
	"bufio"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
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

// host answers each question of a command with the next text, and gives what it was asked.
func host(t *testing.T, answers ...string) func() []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CAISSON_SOCKET", path)
	asked := make(chan []string, 1)
	go func() {
		var questions []string
		defer func() { asked <- questions }()
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			question, _ := bufio.NewReader(connection).ReadString('\n')
			if len(questions) < len(answers) {
				_, _ = connection.Write([]byte(answers[len(questions)] + "\n"))
			}
			questions = append(questions, strings.TrimSpace(question))
			_ = connection.Close()
		}
	}()
	return func() []string {
		_ = listener.Close()
		return <-asked
	}
}

// complaint is the exit code of the command, and what it says on standard error.
func complaint(t *testing.T, arguments ...string) (int, string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := os.Stderr
	os.Stderr = file
	code := Main(arguments)
	os.Stderr = before
	said, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, string(said)
}

func TestToolsThatAreNotKnownAreForTheHostToJudge(t *testing.T) {
	const tools, denial = `{"tools":[{"path":"mail.send"}]}`, `{"error":{"name":"CapabilityError","message":"no"}}`
	for _, c := range []struct {
		arguments []string
		code      int
		said      string
		question  string
	}{
		{
			[]string{"mail.sned", "--a", "1", "--b.c", "x", "--__proto__.d", "2"}, 1,
			"tool: mail.sned: CapabilityError: no; did you mean mail.send?\n",
			`{"arguments":"[{\"a\":1,\"b\":{\"c\":\"x\"},\"__proto__\":{\"d\":2}}]","tool":"mail.sned"}`,
		},
		{
			[]string{"bank", "--json", `{"a":1}`, "--a", "2"}, 1,
			"tool: bank: CapabilityError: no; see \"tool --list\"\n", `{"arguments":"[{\"a\":2}]","tool":"bank"}`,
		},
		{
			[]string{"../x"}, 1,
			"tool: ../x: CapabilityError: no; see \"tool --list\"\n", `{"arguments":"[{}]","tool":"../x"}`,
		},
		{[]string{"mail.send"}, 1, "tool: mail.send: CapabilityError: no\n", `{"arguments":"[{}]","tool":"mail.send"}`},
		{[]string{"mail.sned", "x"}, 2, "tool: mail.sned: \"x\" is no flag: no flags are known of it; did you mean mail.send?\n", ""},
		{[]string{"mail.sned", "--help"}, 127, "tool: mail.sned: there is no such tool; did you mean mail.send?\n", ""},
	} {
		asked := host(t, tools, denial)
		if code, said := complaint(t, c.arguments...); code != c.code || said != c.said {
			t.Errorf("%v: %d, %q; not %d, %q", c.arguments, code, said, c.code, c.said)
		}
		if question := strings.Join(asked()[1:], "\n"); question != c.question {
			t.Errorf("%v asks %q, not %q", c.arguments, question, c.question)
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
