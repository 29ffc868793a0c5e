package interpreter

import (
	"bufio"
	_ "embed"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

//go:embed shell.sh
var shellScript string

// shellCommand has scripts evaluated on a first line, and outside of functions.
const shellCommand = `\builtin eval "$CAISSON_SCRIPT"; \builtin unset CAISSON_SCRIPT; \builtin eval "$__caisson_serve"`

// shell is the engine of shell scripts: a bash that keeps what they leave. See shell.sh for how it speaks.
type shell struct {
	i         *Interpreter
	directory string
	in, by    *os.File
	// holder is the process that has the state; parent the one that tells of its end, if that is not the interpreter.
	holder, parent int
	standby        int
	ready          chan struct{}
	prepared       func()
	// before are the processes of the guest when the script began: they are not ended with it.
	before map[int]bool
	// ended is how the script has ended, while the one that stands by takes over.
	ended *ending
}

func newShell(i *Interpreter) (*shell, error) {
	program, err := exec.LookPath("bash")
	if err != nil {
		return nil, err
	}
	s := &shell{i: i, directory: filepath.Join(i.place.quick, "shell"), ready: make(chan struct{})}
	if err := os.Mkdir(s.directory, 0o700); err != nil {
		return nil, err
	}
	open := func(name string) *os.File {
		path := filepath.Join(s.directory, name)
		if err == nil {
			err = unix.Mkfifo(path, 0o600)
		}
		var file *os.File
		if err == nil {
			file, err = os.OpenFile(path, os.O_RDWR, 0)
		}
		return file
	}
	s.in, s.by = open("in"), open("by")
	out := open("out")
	for n, file := range i.capture.theirs {
		if err == nil {
			err = os.Symlink(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd()), filepath.Join(s.directory, streams[n]))
		}
	}
	if err != nil {
		return nil, err
	}
	environment := i.place.environment("CAISSON_SHELL="+s.directory, "CAISSON_SCRIPT="+shellScript, "SHELL="+program)
	pid, ended, err := i.place.spawn(program, []string{"bash", "-c", shellCommand, "bash"}, environment, i.capture)
	if err != nil {
		return nil, err
	}
	s.holder = pid
	go func() {
		status := (<-ended).Status
		i.post(func() { s.gone(pid, exitCode(status)) })
	}()
	go s.listen(out)
	<-s.ready
	return s, nil
}

func (s *shell) listen(from *os.File) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		s.i.post(func() { s.hear(line) })
	}
}

func (s *shell) hear(line string) {
	var pid, code int
	word, rest, _ := strings.Cut(line, " ")
	_, _ = fmt.Sscanf(rest, "%d %d", &pid, &code)
	switch word {
	case "serve":
		s.serve(pid)
	case "prepared":
		if s.prepared != nil {
			s.prepared()
			s.prepared = nil
		}
	case "stand":
		s.stand(pid)
	case "end":
		if pid == s.holder {
			s.finish(ending{value: exitValue(code)})
		}
	case "gone":
		if pid == s.parent {
			s.gone(s.holder, code)
		}
	}
}

// serve hears that a process has the state from now on.
func (s *shell) serve(pid int) {
	s.parent = 0
	if pid != s.holder {
		s.parent = s.holder
	}
	s.holder = pid
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
	if s.ended != nil {
		s.parent = 0
		e := *s.ended
		s.ended = nil
		s.i.finish(e)
	}
}

// stand hears that there is a copy, and lets the script begin.
func (s *shell) stand(pid int) {
	s.standby = pid
	ended := s.i.place.reaper.Adopt(pid)
	go func() {
		status := (<-ended).Status
		s.i.post(func() { s.gone(pid, exitCode(status)) })
	}()
	_, _ = s.in.WriteString("go\n")
}

func (s *shell) finish(e ending) {
	if s.standby != 0 {
		_ = unix.Kill(s.standby, unix.SIGKILL)
		s.standby = 0
	}
	s.i.finish(e)
}

// gone hears that a process has ended. If it had the state, the one that stands by takes over.
func (s *shell) gone(pid, code int) {
	if pid != s.holder || s.ended != nil {
		return
	}
	if s.standby == 0 {
		s.i.fail("the shell has ended: %s", describeCode(code))
	}
	s.takeOver(ending{value: exitValue(code)})
}

func (s *shell) takeOver(e ending) {
	s.ended = &e
	s.holder, s.parent = s.standby, 0
	s.standby = 0
	_, _ = s.by.WriteString("go\n")
}

func exitValue(code int) string { return fmt.Sprintf(`{"exitCode":%d}`, code) }

func (s *shell) prepare(seed string, done func()) {
	s.prepared = done
	_, _ = fmt.Fprintf(s.in, "seed %d\n", crc32.ChecksumIEEE([]byte(seed))&0x7fff)
}

func (s *shell) start(r *request) {
	s.before = map[int]bool{}
	for _, pid := range s.i.family.others() {
		s.before[pid] = true
	}
	source := strings.ReplaceAll(r.Source, "\x00", "")
	if err := os.WriteFile(filepath.Join(s.directory, "script"), []byte(source), 0o600); err != nil {
		s.i.finish(ending{err: &failure{Name: "Error", Message: err.Error()}})
		return
	}
	_, _ = s.in.WriteString("run\n")
}

func (s *shell) isIdle() bool { return false }

// end gives the script up, with everything that it has started. What was left running before stays.
func (s *shell) end(why string) {
	if s.standby == 0 || s.ended != nil {
		return
	}
	var begun []int
	for _, pid := range s.i.family.others() {
		if !s.before[pid] && pid != s.standby {
			begun = append(begun, pid)
		}
	}
	old := s.holder
	s.takeOver(ending{err: &failure{Name: "Error", Message: "the script was given up", Reason: why}})
	end(append([]int{old}, begun...))
}
