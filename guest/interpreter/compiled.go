package interpreter

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// compiled is an engine of programs that are compiled, and then run once. Nothing of them lasts but files.
type compiled struct {
	i        *Interpreter
	compiler string
	// arguments compile the program of the working directory; environment is what the compiler needs besides.
	arguments   []string
	environment []string
	// write puts a source into a new directory, and gives that.
	write func(source string) (string, error)
	line  *regexp.Regexp
	// running is the process under way, of the compiler or of the program; 0 without one.
	running int
	turn    int
}

const (
	programName = "program"
	// complaintBytesMax is how much of what a compiler says is told.
	complaintBytesMax = 16_384
)

func (c *compiled) prepare(_ string, done func()) { done() }

func (c *compiled) isIdle() bool { return false }

func (c *compiled) start(r *request) {
	c.turn++
	turn := c.turn
	directory, err := c.write(r.Source)
	if err != nil {
		c.i.finish(ending{err: &failure{Name: "Error", Message: err.Error()}})
		return
	}
	began := time.Now()
	c.run(c.compiler, c.arguments, c.environment, directory, func(code int, said string) {
		if turn != c.turn {
			_ = os.RemoveAll(directory)
			return
		}
		c.phase("compile", time.Since(began))
		if code != 0 {
			_ = os.RemoveAll(directory)
			c.i.finish(ending{err: c.complaint(said)})
			return
		}
		c.i.run.printer.print("stderr", []byte(said))
		c.execute(directory, turn)
	})
}

func (c *compiled) phase(name string, took time.Duration) {
	r := c.i.run
	if r == nil || r.done != nil {
		return
	}
	if r.phases == nil {
		r.phases = map[string]float64{}
	}
	r.phases[name] = float64(took.Milliseconds())
}

func (c *compiled) execute(directory string, turn int) {
	program := filepath.Join(directory, programName)
	began, parked := time.Now(), c.i.parked
	pid, ended, err := c.i.place.spawn(program, []string{programName}, c.i.place.environment(), c.i.capture)
	if err != nil {
		_ = os.RemoveAll(directory)
		c.i.finish(ending{err: &failure{Name: "Error", Message: err.Error()}})
		return
	}
	c.running = pid
	go func() {
		status := (<-ended).Status
		_ = os.RemoveAll(directory)
		c.i.post(func() {
			if turn != c.turn {
				return
			}
			c.running = 0
			c.phase("run", time.Since(began)-(c.i.parked-parked))
			c.i.finish(ending{value: exitValue(exitCode(status))})
		})
	}()
}

// run runs a compiler, and tells its exit code and what it said.
func (c *compiled) run(program string, arguments, environment []string, directory string, done func(code int, said string)) {
	reader, writer, err := os.Pipe()
	if err != nil {
		c.i.finish(ending{err: &failure{Name: "Error", Message: err.Error()}})
		return
	}
	given := append([]string{program}, arguments...)
	pid, ended, err := c.i.place.spawnTo(program, given, c.i.place.environment(environment...), directory, [2]*os.File{writer, writer})
	_ = writer.Close()
	if err != nil {
		_ = reader.Close()
		c.i.finish(ending{err: &failure{Name: "Error", Message: err.Error()}})
		return
	}
	c.running = pid
	go func() {
		said, _ := io.ReadAll(io.LimitReader(reader, complaintBytesMax))
		_, _ = io.Copy(io.Discard, reader)
		_ = reader.Close()
		status := (<-ended).Status
		c.i.post(func() { done(exitCode(status), toValid(bytes.ReplaceAll(said, []byte(directory+"/"), nil))) })
	}()
}

func (c *compiled) complaint(said string) *failure {
	f := &failure{Name: "CompileError", Message: said}
	if found := c.line.FindStringSubmatch(said); found != nil {
		line, _ := strconv.Atoi(found[1])
		f.Line = &line
	}
	return f
}

// end gives the program up, with everything that it has started.
func (c *compiled) end(why string) {
	c.turn++
	if c.running != 0 {
		end(append(descendants(c.running), c.running))
		c.running = 0
	}
	c.i.finish(ending{err: &failure{Name: "Error", Message: "the program was given up", Reason: why}})
}
