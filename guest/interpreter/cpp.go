package interpreter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
)

var cppFlags = []string{"-std=c++20", "-O2"}

// newCpp finds the compiler for C++, and compiles the headers of the standard library before, which is most of what there is to be
// compiled in a small program. Where an image has them compiled already, those are taken.
func newCpp(i *Interpreter) (*compiled, error) {
	compiler, err := exec.LookPath("g++")
	if err != nil {
		return nil, err
	}
	workspace, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	include := filepath.Join(os.Getenv("HOME"), "include")
	if _, err := os.Stat(filepath.Join(include, "bits", "stdc++.h.gch")); err != nil {
		include = filepath.Join(i.place.own, "include")
		if err := i.precompile(compiler, include); err != nil {
			return nil, err
		}
	}
	arguments := slices.Concat(cppFlags, []string{"-I" + include, "-iquote", workspace, "main.cpp", "-o", programName})
	return &compiled{
		i: i, compiler: compiler, line: regexp.MustCompile(`(?m)^main\.cpp:(\d+):`), arguments: arguments,
		write: func(source string) (string, error) { return writeSource(i.place.own, "main.cpp", source) },
	}, nil
}

// precompile makes what the compiler takes in place of the headers; the header itself is for programs that it does not fit.
func (i *Interpreter) precompile(compiler, include string) error {
	header := filepath.Join(include, "bits", "stdc++.h")
	if err := os.MkdirAll(filepath.Dir(header), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(header, []byte("#include_next <bits/stdc++.h>\n"), 0o644); err != nil {
		return err
	}
	arguments := slices.Concat([]string{compiler}, cppFlags, []string{"-w", "-x", "c++-header", header, "-o", header + ".gch"})
	_, ended, err := i.place.spawn(compiler, arguments, i.place.environment(), i.capture)
	if err != nil {
		return err
	}
	if status := (<-ended).Status; status != 0 {
		return fmt.Errorf("the headers are not compiled: %s", describeStatus(status))
	}
	return nil
}

// writeSource puts a source into a new directory.
func writeSource(parent, name, source string) (string, error) {
	directory, err := os.MkdirTemp(parent, "run-")
	if err != nil {
		return "", err
	}
	return directory, os.WriteFile(filepath.Join(directory, name), []byte(source), 0o644)
}
