package interpreter

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// pythonEngine is the engine whose cells are run by one process of Python: see guest/python.
type pythonEngine struct {
	i        *Interpreter
	pid      int
	out      *outbox
	ids      map[int]string
	sent     int
	idle     bool
	prepared func()
}

// said is what that process says.
type said struct {
	Say       string            `json:"say"`
	Key       int               `json:"key"`
	Path      string            `json:"path"`
	Arguments string            `json:"arguments"`
	DueMillis float64           `json:"dueMillis"`
	IsExact   bool              `json:"isExact"`
	Seen      int               `json:"seen"`
	Value     string            `json:"value"`
	Error     *failure          `json:"error"`
	Displays  []json.RawMessage `json:"displays"`
}

// answerOf tells the process of an answer.
type answerOf struct {
	Do        string   `json:"do"`
	Key       int      `json:"key"`
	Outcome   *outcome `json:"outcome,omitempty"`
	NowMillis float64  `json:"nowMillis"`
}

type pythonWaiter struct {
	p   *pythonEngine
	key int
}

func (w pythonWaiter) answer(o *outcome, nowMillis float64) {
	w.p.sent++
	w.p.idle = false
	w.p.out.send(answerOf{"answer", w.key, o, nowMillis})
}

// giveUp tells nothing: the process hears of its end.
func (w pythonWaiter) giveUp() {}

func pair() (ours, theirs *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, err = polled(ends[0], "ours")
	return ours, os.NewFile(uintptr(ends[1]), "theirs"), err
}

// The descriptors of the process, after 0, 1 and 2.
const (
	controlDescriptor = 3
	orderDescriptor   = 4
)

// endMax is how long the process may take to end once it says nothing more.
const endMax = time.Second

// newPython starts Python, and waits until its modules are loaded.
func newPython(i *Interpreter, modules []string) (*pythonEngine, error) {
	program, err := exec.LookPath("python3")
	if err != nil {
		return nil, err
	}
	control, theirControl, err := pair()
	if err != nil {
		return nil, err
	}
	order, theirOrder, err := pair()
	if err != nil {
		return nil, err
	}
	given := []string{fmt.Sprint(controlDescriptor), fmt.Sprint(orderDescriptor), fmt.Sprintf("%x", []byte(i.capture.mark))}
	arguments := append([]string{"python3", "-m", "caisson.interpreter"}, append(given, modules...)...)
	environment := i.place.environment("PYTHONPATH="+i.place.python, "PYTHONHASHSEED=0", "MPLBACKEND=module://caisson.figures")
	pid, ended, err := i.place.spawn(program, arguments, environment, i.capture, theirControl, theirOrder)
	if err != nil {
		return nil, err
	}
	_ = theirControl.Close()
	_ = theirOrder.Close()
	p := &pythonEngine{i: i, pid: pid, out: newOutbox(control), ids: map[int]string{}}
	go p.keepOrder(order)
	go func() {
		status := <-ended
		i.post(func() { i.fail("Python has ended: %s", describeStatus(status.Status)) })
	}()
	reader := bufio.NewReaderSize(control, readBytes)
	var first said
	for first.Say != "ready" {
		if err := readRecord(reader, &first); err != nil {
			return nil, fmt.Errorf("python has not started: %w", err)
		}
	}
	go p.listen(reader)
	return p, nil
}

// keepOrder reads what there is, whenever the process is about to write an error after those of others.
func (p *pythonEngine) keepOrder(order *os.File) {
	one := make([]byte, 1)
	for {
		if _, err := order.Read(one); err != nil {
			return
		}
		done := make(chan struct{})
		p.i.post(func() {
			p.i.hearOutput()
			close(done)
		})
		<-done
		if _, err := order.Write(one); err != nil {
			return
		}
	}
}

func (p *pythonEngine) listen(reader *bufio.Reader) {
	for {
		m := new(said)
		if err := readRecord(reader, m); err != nil {
			wait := time.Duration(0)
			if errors.Is(err, io.EOF) {
				wait = endMax // it has ended, most likely: then it is told how
			}
			time.AfterFunc(wait, func() { p.i.post(func() { p.i.fail("Python can no longer be spoken with") }) })
			return
		}
		p.i.post(func() { p.hear(m) })
	}
}

func (p *pythonEngine) hear(m *said) {
	if m.Say == "prepared" && p.prepared != nil {
		p.prepared()
		p.prepared = nil
		return
	}
	r := p.i.run
	if r == nil || r.engine != engine(p) || r.done != nil {
		return
	}
	if m.Say != "idle" {
		p.i.noteAsked()
	}
	switch m.Say {
	case "call":
		id, refused := r.call(m.Path, m.Arguments, pythonWaiter{p, m.Key})
		p.note(m.Key, id, refused)
	case "sleep":
		id, refused := r.sleep(m.DueMillis, pythonWaiter{p, m.Key})
		p.note(m.Key, id, refused)
	case "cancel":
		r.cancel(p.ids[m.Key])
		delete(p.ids, m.Key)
	case "idle":
		r.displays = append(r.displays, m.Displays...)
		p.rest(m)
	case "done":
		r.displays = append(r.displays, m.Displays...)
		p.i.finish(ending{m.Value, m.Error})
	default:
		p.i.fail("Python says what it never says")
	}
}

func (p *pythonEngine) note(key int, id string, refused *failure) {
	if refused == nil {
		p.ids[key] = id
		return
	}
	pythonWaiter{p, key}.answer(rejected(*refused), p.i.run.nowMillis)
}

// rest hears that the process waits. It waits for nothing that can happen if there is nobody but it.
func (p *pythonEngine) rest(m *said) {
	if m.Seen != p.sent {
		return
	}
	p.idle = true
	isAlone := m.IsExact && !hasLiving(children(p.pid))
	switch {
	case isAlone && len(p.i.run.waiting) == 0:
		p.end("stalled")
	case isAlone:
		p.i.park()
	default:
		p.i.look()
	}
}

func (p *pythonEngine) prepare(seed string, done func()) {
	p.prepared = done
	p.out.send(map[string]any{"do": "prepare", "seed": seed})
}

func (p *pythonEngine) start(r *request) {
	p.idle = false
	p.ids = map[int]string{}
	p.out.send(map[string]any{
		"do": "start", "ordinal": r.Ordinal, "source": r.Source, "nowMillis": r.NowMillis, "tools": r.Tools, "limits": r.Limits,
	})
}

func (p *pythonEngine) isIdle() bool { return p.idle }

func (p *pythonEngine) end(why string) { p.out.send(map[string]any{"do": "end", "why": why}) }
