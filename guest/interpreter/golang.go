package interpreter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// newGo finds the compiler for Go. A program is a module of its own, or a package of the one that the directory of the session is.
// Nothing is fetched.
func newGo(i *Interpreter) (*compiled, error) {
	compiler, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	workspace, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	write := func(source string) (string, error) {
		if _, err := os.Stat(filepath.Join(workspace, "go.mod")); err == nil {
			return writeSource(workspace, "main.go", source)
		}
		directory, err := writeSource(i.place.own, "main.go", source)
		if err != nil {
			return directory, err
		}
		module := fmt.Sprintf("module program\n\ngo %s\n", versionOf(compiler))
		return directory, os.WriteFile(filepath.Join(directory, "go.mod"), []byte(module), 0o644)
	}
	return &compiled{
		i: i, compiler: compiler, write: write, line: regexp.MustCompile(`(?m)^(?:\./)?main\.go:(\d+):`),
		arguments:   []string{"build", "-buildvcs=false", "-o", programName, "."},
		environment: []string{"GOPROXY=off", "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod", "CGO_ENABLED=0", "GO111MODULE=on"},
	}, nil
}

// oldest is the version of the language that is taken where that of the compiler is not known.
const oldest = "1.19"

// versionOf is the version of the language that a compiler is for. It is read: only what the reaper starts is waited for here.
func versionOf(compiler string) string {
	program, err := filepath.EvalSymlinks(compiler)
	if err != nil {
		return oldest
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(program), "..", "VERSION"))
	if err != nil {
		return oldest
	}
	if version := regexp.MustCompile(`^go(\d+\.\d+)`).FindSubmatch(text); version != nil {
		return string(version[1])
	}
	return oldest
}
