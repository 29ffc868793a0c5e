package tool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

const usage = `usage: tool NAME [--flag VALUE]... [--json OBJECT|-]
       tool NAME --help
       tool --list [PREFIX]
`

// Exit codes, besides 0: a call that was denied or failed, wrong flags, and the help of a tool that is not there.
const (
	deniedCode  = 1
	misuseCode  = 2
	unknownCode = 127
)

var errUTF8 = errors.New("--json - reads UTF-8")

// Main is the command `tool`.
func Main(arguments []string) int {
	if len(arguments) == 0 {
		return complain(misuseCode, usage)
	}
	name, rest := arguments[0], arguments[1:]
	switch {
	case name == "--help" || name == "-h":
		return say(usage)
	case name == "--list" || name == "-l":
		if len(rest) > 1 {
			return complain(misuseCode, usage)
		}
		return list(strings.Join(rest, ""))
	case strings.HasPrefix(name, "-"):
		return complain(misuseCode, fmt.Sprintf("tool: %s is not known\n%s", name, usage))
	}
	return use(name, rest)
}

// say prints what was asked for. What nobody has is no success, also if the call was one.
func say(text string) int {
	if _, err := io.WriteString(os.Stdout, text); err != nil {
		return complain(deniedCode, fmt.Sprintf("tool: %v\n", err))
	}
	return 0
}

func complain(code int, text string) int {
	_, _ = io.WriteString(os.Stderr, text)
	return code
}

func list(prefix string) int {
	tools, err := all()
	if err != nil {
		return complain(deniedCode, fmt.Sprintf("tool: %v\n", err))
	}
	var lines []string
	for _, tool := range tools {
		if strings.HasPrefix(tool.Path, prefix) {
			first, _, _ := strings.Cut(strings.TrimSpace(tool.Description), "\n")
			lines = append(lines, strings.TrimRight(tool.Path+"\t"+first, " \t\n")+"\n")
		}
	}
	if lines == nil && prefix != "" {
		return complain(deniedCode, fmt.Sprintf("tool: no tool begins with %s\n", prefix))
	}
	return say(strings.Join(lines, ""))
}

// use calls a tool, or says how to. A call of what is not known is put to the host as well: it decides, and keeps a record.
func use(name string, rest []string) int {
	tools, err := all()
	if err != nil {
		return complain(deniedCode, fmt.Sprintf("tool: %v\n", err))
	}
	asksForHelp := slices.ContainsFunc(rest, func(word string) bool { return word == "--help" || word == "-h" })
	at := slices.IndexFunc(tools, func(tool known) bool { return tool.Path == name })
	if at < 0 {
		near := hint(name, tools)
		if asksForHelp {
			return complain(unknownCode, fmt.Sprintf("tool: %s: there is no such tool; %s\n", name, near))
		}
		return perform(name, rest, newObject(), advice{misuse: near, denied: "; " + near})
	}
	parsed, _ := parse(tools[at].Input) // what is no schema takes anything
	root, ok := parsed.(*object)
	if !ok {
		root = newObject()
	}
	if asksForHelp {
		return say(help(tools[at], root))
	}
	return perform(name, rest, root, advice{misuse: fmt.Sprintf("see \"tool %s --help\"", name)})
}

// advice is said behind what is wrong with words, and behind an error.
type advice struct{ misuse, denied string }

// perform calls a tool that takes what `root` says.
func perform(name string, rest []string, root *object, a advice) int {
	given, m := argument(rest, root, readStdin)
	if m != nil {
		return complain(misuseCode, fmt.Sprintf("tool: %s: %v; %s\n", name, m, a.misuse))
	}
	text, err := call(name, given)
	if err != nil {
		return complain(deniedCode, fmt.Sprintf("tool: %s: %v%s\n", name, err, a.denied))
	}
	printed, err := shown(text)
	if err != nil {
		return complain(deniedCode, fmt.Sprintf("tool: %s: %v\n", name, err))
	}
	return say(string(printed))
}

func readStdin() ([]byte, error) {
	content, err := io.ReadAll(os.Stdin)
	if err == nil && !utf8.Valid(content) {
		err = errUTF8
	}
	return content, err
}
