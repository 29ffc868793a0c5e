package interpreter

import (
	"encoding/json"
	"fmt"
)

const (
	pathMax = 256
	// argumentsBytesMax is what all new calls of a turn may have as arguments together.
	argumentsBytesMax = 32 << 20
)

// waiter is whoever waits for a call or a sleep. It is told the outcome, or that nothing comes.
type waiter interface {
	answer(o *outcome, nowMillis float64)
	giveUp()
}

type pending struct {
	waiter  waiter
	isSleep bool
}

// run is a program that was begun: what it has asked for, and what of that waits.
//
//	R1. Ids are given in the order in which things are asked for. What is refused has none.
//	R2. What was asked for since the last turn and is called off again is never told.
//	R3. Each turn tells what is new since the one before.
type run struct {
	request   *request
	engine    engine
	nowMillis float64
	printer   *printer
	made      int
	waiting   map[string]pending
	calls     []call
	sleeps    []sleep
	cancelled []string
	newBytes  int
	displays  []json.RawMessage
	phases    map[string]float64
	// done is how it ended, once it has.
	done *ending
	// inTurn says that the host waits for a turn.
	inTurn bool
}

// ending is the text of a value or an error.
type ending struct {
	value string
	err   *failure
}

func limit(reason, format string, a ...any) *failure {
	return &failure{Name: "RangeError", Message: fmt.Sprintf(format, a...), Reason: reason}
}

func newRun(r *request, e engine, p *printer) *run {
	return &run{request: r, engine: e, printer: p, nowMillis: r.NowMillis, waiting: map[string]pending{}, inTurn: true}
}

// admit says what is wrong with asking for one thing more.
func (r *run) admit() *failure {
	if len(r.waiting) >= r.request.Limits.OutstandingCalls {
		return limit("TooManyCalls", "no more than %d calls and sleeps may wait at the same time", r.request.Limits.OutstandingCalls)
	}
	if r.made >= r.request.Limits.CallsPerRun {
		return limit("TooManyCalls", "a run may make no more than %d calls and sleeps", r.request.Limits.CallsPerRun)
	}
	return nil
}

func (r *run) add(w waiter, isSleep bool) string {
	r.made++
	id := fmt.Sprintf("%d.%d", r.request.Ordinal, r.made)
	r.waiting[id] = pending{w, isSleep}
	return id
}

// call asks for a tool, and gives the id of that.
func (r *run) call(path, arguments string, w waiter) (string, *failure) {
	if f := r.admit(); f != nil {
		return "", f
	}
	if len(path) > pathMax {
		return "", limit("TooLarge", "the path of a tool has no more than %d bytes", pathMax)
	}
	if len(arguments) > r.request.Limits.ArgumentBytes {
		return "", limit("TooLarge", "%s: longer than %d bytes", path, r.request.Limits.ArgumentBytes)
	}
	if r.newBytes+len(arguments) > argumentsBytesMax {
		return "", limit("TooLarge", "%s: the calls of a turn have more than %d bytes", path, argumentsBytesMax)
	}
	r.newBytes += len(arguments)
	id := r.add(w, false)
	r.calls = append(r.calls, call{id, path, arguments})
	return id, nil
}

// sleep asks to be woken.
func (r *run) sleep(dueMillis float64, w waiter) (string, *failure) {
	if f := r.admit(); f != nil {
		return "", f
	}
	id := r.add(w, true)
	r.sleeps = append(r.sleeps, sleep{id, dueMillis})
	return id, nil
}

// cancel calls something off.
func (r *run) cancel(id string) {
	if _, ok := r.waiting[id]; !ok {
		return
	}
	delete(r.waiting, id)
	for i, c := range r.calls {
		if c.ID == id {
			r.newBytes -= len(c.Arguments)
			r.calls = append(r.calls[:i], r.calls[i+1:]...)
			return
		}
	}
	for i, s := range r.sleeps {
		if s.ID == id {
			r.sleeps = append(r.sleeps[:i], r.sleeps[i+1:]...)
			return
		}
	}
	r.cancelled = append(r.cancelled, id)
}

// answer gives an answer to whoever waits for it; it says whether somebody did.
func (r *run) answer(id string, o *outcome, nowMillis float64) bool {
	r.nowMillis = max(r.nowMillis, nowMillis)
	p, ok := r.waiting[id]
	if !ok || p.isSleep != (o == nil) {
		return false
	}
	delete(r.waiting, id)
	p.waiter.answer(o, r.nowMillis)
	return true
}

// giveUp calls everything off that waits, and tells those who do.
func (r *run) giveUp() {
	for id, p := range r.waiting {
		r.cancel(id)
		p.waiter.giveUp()
	}
}

// turn is what has become of the run since its last turn.
func (r *run) turn() any {
	cancelled := append([]string{}, r.cancelled...)
	r.cancelled = nil
	if r.done != nil {
		if r.done.err != nil {
			return failed{"Failed", *r.done.err, cancelled}
		}
		return completed{"Completed", r.done.value, cancelled}
	}
	p := parked{"Parked", append([]call{}, r.calls...), append([]sleep{}, r.sleeps...), cancelled}
	r.calls, r.sleeps, r.newBytes = nil, nil, 0
	return p
}
