package interpreter

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Main is the command `interpreter LANGUAGE...`: it speaks with its host over standard input and output.
func Main(arguments []string) error {
	var preload string
	flags := flag.NewFlagSet("interpreter", flag.ContinueOnError)
	flags.StringVar(&preload, "preload", "", "modules of Python to be loaded first, where they are there, with commas between them")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	p, err := newPlace()
	if err != nil {
		return err
	}
	defer p.remove()
	return serve(p, flags.Args(), strings.FieldsFunc(preload, func(r rune) bool { return r == ',' }))
}

// polled is a file whose readers wait in the poller of the runtime. A read that waits in the kernel holds the one processor of a guest,
// until the runtime notices, which it may do after 10 ms: nothing else of this program goes on meanwhile.
func polled(descriptor int, name string) (*os.File, error) {
	if err := unix.SetNonblock(descriptor, true); err != nil {
		return nil, fmt.Errorf("poll %s: %w", name, err)
	}
	return os.NewFile(uintptr(descriptor), name), nil
}

func serve(p *place, languages, modules []string) error {
	i, err := newInterpreter(os.Stdout, p)
	if err != nil {
		return err
	}
	listener, err := p.listen()
	if err != nil {
		return err
	}
	go i.serve(listener)
	started := make(chan error, 1)
	go func() {
		err := i.open(languages, modules)
		i.post(func() { started <- err })
	}()
	for isOpen := false; !isOpen; {
		(<-i.posted)()
		select {
		case err := <-started:
			if err != nil {
				return err
			}
			isOpen = true
		default:
		}
	}
	i.capture.drain(func(_ string, bytes []byte) { _, _ = io.WriteString(os.Stderr, string(bytes)) })
	i.host.send(readyMessage{"ready", Version, i.names})
	host, err := polled(unix.Stdin, "host")
	if err != nil {
		return err
	}
	go i.listen(host)
	for f := range i.posted {
		f()
	}
	return nil
}

// open starts the engines of some languages.
func (i *Interpreter) open(languages, modules []string) error {
	for _, language := range languages {
		e, err := i.openOne(language, modules)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		i.engines[language] = e
		i.names = append(i.names, language)
	}
	if len(i.names) == 0 {
		return fmt.Errorf("no language is named")
	}
	return nil
}

func (i *Interpreter) openOne(language string, modules []string) (engine, error) {
	switch language {
	case "python":
		return newPython(i, modules)
	case "shell":
		return newShell(i)
	case "cpp":
		return newCpp(i)
	case "go":
		return newGo(i)
	default:
		return nil, fmt.Errorf("there is no such language")
	}
}
