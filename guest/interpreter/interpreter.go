// Package interpreter runs programs in a guest for its host, and keeps their state from run to run.
package interpreter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// engine runs the programs of one language or of several, one at a time.
type engine interface {
	// prepare begins a new session, and tells when it has.
	prepare(seed string, done func())
	// start runs a program. The engine tells `finish` when it has ended.
	start(r *request)
	// isIdle says whether the program is known to wait for answers, if that can be known.
	isIdle() bool
	// end gives the program up that runs. It ends all the same.
	end(why string)
}

const (
	// flushAfter is how long output is held back, for what may follow it.
	flushAfter = 5 * time.Millisecond
	// A program of which it is not known what it waits for is parked when something waits for an answer, and for so many looks nothing
	// has been asked for or printed, and no thread of any process of the guest was running.
	lookEvery  = 3 * time.Millisecond
	looksQuiet = 4
	// However it goes on by itself, it is not waited for longer since it has asked for something: what it does meanwhile is told with the
	// next turn. The shorter time is for a program that waits, beside whatever it has left running.
	patience     = 5 * time.Second
	patienceIdle = 250 * time.Millisecond
	// lastWordsMax is how long the host may take to hear what was printed before everything ended.
	lastWordsMax = time.Second
)

// Interpreter is the one between a host and the engines of a guest.
//
//	I1. All of its state belongs to the goroutine that runs what was posted, in that order.
//	I2. The host speaks first. To each start or answer exactly one turn is said, after all output that was written before it.
//	I3. What programs ask for between two turns is told with the next one.
type Interpreter struct {
	host    *outbox
	capture *capture
	posted  chan func()
	engines map[string]engine
	names   []string
	place   *place
	tools   json.RawMessage
	run     *run
	// next is a request that waits until the run before it has ended.
	next     *request
	isHeld   bool // a flush is under way
	isLooked bool // a look is under way
	activity int  // counts whatever is asked for or printed
	quiet    int
	asked    time.Time // when something was asked for last, or answered
	family   family
	used     usage // at the end of the last turn
	parked   time.Duration
	parkedAt time.Time
}

func newInterpreter(to io.Writer, p *place) (*Interpreter, error) {
	i := &Interpreter{
		host: newOutbox(to), posted: make(chan func(), 64), engines: map[string]engine{}, place: p, tools: json.RawMessage("[]"), family: newFamily(),
	}
	var err error
	i.capture, err = newCapture(func() { i.post(i.hearOutput) })
	return i, err
}

func (i *Interpreter) post(f func()) { i.posted <- f }

// fail ends everything: the state of programs is lost, or cannot be trusted. What they have printed is told before.
func (i *Interpreter) fail(format string, a ...any) {
	i.hearOutput()
	if i.run != nil && i.run.inTurn {
		i.run.printer.end()
	}
	i.host.flush(lastWordsMax)
	fmt.Fprintf(os.Stderr, "interpreter: "+format+"\n", a...)
	i.place.remove()
	os.Exit(1)
}

// listen hears the host until it is gone.
func (i *Interpreter) listen(from io.Reader) {
	reader := bufio.NewReaderSize(from, readBytes)
	for {
		r := new(request)
		if err := readRecord(reader, r); err != nil {
			i.post(func() {
				if err != io.EOF {
					i.fail("the host: %v", err)
				}
				i.place.remove()
				os.Exit(0)
			})
			return
		}
		i.post(func() { i.hear(r) })
	}
}

func (i *Interpreter) hear(r *request) {
	switch r.Do {
	case "prepare":
		i.prepare(r.Seed)
	case "start":
		i.next = r
		i.startNext()
	case "answer":
		i.answer(r)
	default:
		i.fail("the host says %q", r.Do)
	}
}

// prepare begins a new session in all engines.
func (i *Interpreter) prepare(seed string) {
	left := len(i.engines)
	for _, e := range i.engines {
		e.prepare(seed, func() {
			left--
			if left == 0 {
				i.host.send(preparedMessage{"prepared"})
			}
		})
	}
}

// startNext begins the next program, once the one before it has ended.
func (i *Interpreter) startNext() {
	if i.next == nil {
		return
	}
	if i.run != nil && i.run.done == nil {
		i.run.giveUp()
		i.run.engine.end("abandoned")
		return
	}
	if i.run != nil {
		i.run.giveUp()
		i.capture.drain(func(string, []byte) {})
		i.run = nil
	}
	r := i.next
	i.next = nil
	i.begin(r)
}

func (i *Interpreter) begin(r *request) {
	e, ok := i.engines[r.Language]
	p := newPrinter(r.Limits.OutputBytes, func(stream, text string) { i.host.send(outputMessage{"output", stream, text}) })
	i.run = newRun(r, e, p)
	i.parked = 0
	i.tools = r.Tools
	if !ok {
		message := fmt.Sprintf("%s is not spoken here: this machine runs %v", r.Language, i.names)
		i.finish(ending{err: &failure{Name: "Error", Message: message, Reason: "UnknownLanguage"}})
		return
	}
	if bytes := len(r.Source); bytes > r.Limits.SourceBytes {
		i.finish(ending{err: limit("TooLarge", "the source has %d bytes, %d are allowed", bytes, r.Limits.SourceBytes)})
		return
	}
	i.capture.want()
	e.start(r)
}

// answer gives one answer. What nobody waits for is answered by what there is.
func (i *Interpreter) answer(r *request) {
	if i.run == nil {
		err := failure{Name: "Error", Message: "no run waits for answers", Reason: "NoRun"}
		i.host.send(turnMessage{Say: "turn", Turn: failed{"Failed", err, []string{}}, Usage: i.used})
		return
	}
	i.run.inTurn = true
	i.parked += time.Since(i.parkedAt)
	isHeard := i.run.answer(r.ID, r.Outcome, r.NowMillis)
	if i.run.done != nil || !isHeard {
		i.endTurn()
		return
	}
	i.noteAsked()
	i.capture.want()
	i.look()
}

// finish hears that the program has ended. What it waits for ends with it.
func (i *Interpreter) finish(e ending) {
	if i.run == nil || i.run.done != nil {
		return
	}
	if bytes := len(e.value); e.err == nil && bytes > i.run.request.Limits.ResultBytes {
		e = ending{err: limit("TooLarge", "the result has %d bytes, %d are allowed", bytes, i.run.request.Limits.ResultBytes)}
	}
	i.run.done = &e
	i.run.giveUp()
	if i.next != nil {
		i.startNext()
		return
	}
	if i.run.inTurn {
		i.endTurn()
	}
}

// endTurn says what the run has come to.
func (i *Interpreter) endTurn() {
	r := i.run
	i.hearOutput()
	r.printer.end()
	i.used = i.family.usage()
	i.host.send(turnMessage{Say: "turn", Turn: r.turn(), Usage: i.used, Displays: r.displays, Phases: r.phases})
	r.displays, r.phases, r.inTurn = nil, nil, false
	i.parkedAt = time.Now()
	if r.done != nil {
		i.run = nil
	}
}

// hearOutput takes what processes have written, during turns.
func (i *Interpreter) hearOutput() {
	if i.run == nil || !i.run.inTurn {
		return
	}
	r := i.run
	isHeld := false
	isEmpty := i.capture.drain(func(stream string, bytes []byte) { isHeld = r.printer.print(stream, bytes) || isHeld })
	if !isEmpty {
		i.activity++
	}
	i.capture.want()
	if isHeld && !i.isHeld {
		i.isHeld = true
		time.AfterFunc(flushAfter, func() {
			i.post(func() {
				i.isHeld = false
				if i.run != nil && i.run.inTurn {
					i.run.printer.flush()
				}
			})
		})
	}
}

// park ends a turn in which the program waits.
func (i *Interpreter) park() {
	if i.run != nil && i.run.inTurn && i.run.done == nil && len(i.run.waiting) > 0 {
		i.endTurn()
	}
}

func (i *Interpreter) noteAsked() {
	i.activity++
	i.asked = time.Now()
}

// look looks whether the guest has come to rest, again and again until the turn is over.
func (i *Interpreter) look() {
	if i.isLooked || i.run == nil || !i.run.inTurn || len(i.run.waiting) == 0 {
		return
	}
	i.isLooked = true
	i.quiet = 0
	before := i.activity
	i.lookLater(before)
}

func (i *Interpreter) lookLater(before int) {
	time.AfterFunc(lookEvery, func() {
		i.post(func() {
			if i.run == nil || !i.run.inTurn || len(i.run.waiting) == 0 {
				i.isLooked = false
				return
			}
			i.quiet++
			if i.activity != before || i.isBusy() {
				i.quiet = 0
			}
			if i.quiet < looksQuiet && time.Since(i.asked) < i.patience() {
				i.lookLater(i.activity)
				return
			}
			i.isLooked = false
			i.park()
		})
	})
}

func (i *Interpreter) patience() time.Duration {
	if i.run.engine.isIdle() {
		return patienceIdle
	}
	return patience
}

// isBusy says whether the program goes on by itself.
func (i *Interpreter) isBusy() bool {
	if !i.run.engine.isIdle() && !i.run.waitsOutside() {
		return true
	}
	return !isStill() && slices.ContainsFunc(i.family.others(), isBusy)
}
