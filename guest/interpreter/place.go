package interpreter

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"caisson/guest/boot"
	"caisson/guest/python"
	"caisson/guest/reap"
)

// booted is where the agent of a machine puts what interpreters need.
const booted = boot.Commands

// place is where an interpreter has its files, and what its processes are started in.
type place struct {
	// own is a directory that is there for as long as the interpreter is.
	own string
	// quick is another one, which is in memory where the agent has given it room there.
	quick  string
	python string
	bin    string
	reaper *reap.Reaper
}

// newPlace makes the directories. What the agent has put into the machine when it booted is used where it is.
func newPlace() (*place, error) {
	own, err := os.MkdirTemp("", "caisson-")
	if err != nil {
		return nil, err
	}
	quick, err := os.MkdirTemp(boot.Quick, "caisson-")
	if err != nil {
		quick = own
	}
	p := &place{own: own, quick: quick, python: filepath.Join(booted, "python"), bin: filepath.Join(booted, "bin")}
	if p.reaper, err = reap.Begin(); err == nil {
		err = p.complete()
	}
	if err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

// complete puts into the directory what no agent has put elsewhere.
func (p *place) complete() error {
	if _, err := os.Stat(p.python); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	p.python, p.bin = filepath.Join(p.own, "python"), filepath.Join(p.own, "bin")
	return Furnish(p.own, func(name string) error { return os.Symlink(program, name) })
}

func (p *place) remove() { _ = errors.Join(os.RemoveAll(p.own), os.RemoveAll(p.quick)) }

// Furnish puts into a directory what interpreters need: the package for Python, and commands, each made by `link`.
func Furnish(directory string, link func(name string) error) error {
	err := fs.WalkDir(python.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(directory, "python", name)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		content, err := python.Files.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("furnish %s: %w", directory, err)
	}
	bin := filepath.Join(directory, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("furnish %s: %w", directory, err)
	}
	for _, name := range []string{"interpreter", "tool"} {
		if err := link(filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("furnish %s: %w", directory, err)
		}
	}
	return nil
}

func (p *place) socket() string { return filepath.Join(p.own, "calls") }

func (p *place) listen() (net.Listener, error) { return net.Listen("unix", p.socket()) }

// environment is that of the interpreter with what programs need, and what is given.
func (p *place) environment(given ...string) []string {
	path := "/usr/local/bin:/usr/bin:/bin"
	var kept []string
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case "PATH":
			path = value
		case "GODEBUG": // it is for this program
		default:
			kept = append(kept, variable)
		}
	}
	own := []string{"PATH=" + p.bin + ":" + path, "CAISSON_SOCKET=" + p.socket()}
	return append(append(kept, own...), given...)
}

// spawn starts a program without input, whose output is captured. Further files are its descriptors from 3 on.
func (p *place) spawn(
	program string, arguments, environment []string, c *capture, others ...*os.File,
) (int, <-chan reap.Ended, error) {
	return p.spawnTo(program, arguments, environment, "", c.theirs, others...)
}

func (p *place) spawnTo(
	program string, arguments, environment []string, directory string, output [2]*os.File, others ...*os.File,
) (int, <-chan reap.Ended, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	files := []uintptr{null.Fd(), output[0].Fd(), output[1].Fd()}
	for _, other := range others {
		files = append(files, other.Fd())
	}
	attributes := &syscall.ProcAttr{
		Dir: directory, Env: environment, Files: files, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	}
	return p.reaper.Start(func() (int, error) { return syscall.ForkExec(program, arguments, attributes) }, reap.Stay)
}

func describeStatus(status unix.WaitStatus) string {
	if status.Signaled() {
		return fmt.Sprintf("signal %d", status.Signal())
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// signalled is what a shell adds to a signal.
const signalled = 128

// exitCode is what a shell gives for a status.
func exitCode(status unix.WaitStatus) int {
	if status.Signaled() {
		return signalled + int(status.Signal())
	}
	return status.ExitStatus()
}

// describeCode says what a shell most likely means by a code.
func describeCode(code int) string {
	if code > signalled {
		return fmt.Sprintf("signal %d", code-signalled)
	}
	return fmt.Sprintf("exit code %d", code)
}

// hasLiving says whether one of some processes has not ended.
func hasLiving(pids []int) bool {
	for _, pid := range pids {
		if f := fields(fmt.Sprintf("/proc/%d/stat", pid)); len(f) > 0 && f[0] != "Z" {
			return true
		}
	}
	return false
}
