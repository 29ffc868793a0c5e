package interpreter

import (
	"strings"
	"testing"
)

type waits struct{ answers int }

func (w *waits) answer(*outcome, float64) { w.answers++ }
func (w *waits) giveUp()                  {}

func begun(l limits) *run {
	return newRun(&request{Ordinal: 7, Limits: l}, nil, newPrinter(0, func(string, string) {}))
}

var wide = limits{OutstandingCalls: 10, CallsPerRun: 10, ArgumentBytes: 100}

func TestIdsCountWhatIsAskedForAndNotWhatIsRefused(t *testing.T) {
	r := begun(wide)
	w := &waits{}
	if id, _ := r.call("a", "[]", w); id != "7.1" {
		t.Errorf("the first is %s", id)
	}
	if _, refused := r.call("a", strings.Repeat("x", 101), w); refused == nil || refused.Reason != "TooLarge" {
		t.Errorf("%v", refused)
	}
	if _, refused := r.call(strings.Repeat("x", 300), "[]", w); refused == nil || refused.Reason != "TooLarge" {
		t.Errorf("%v", refused)
	}
	if id, _ := r.sleep(5, w); id != "7.2" {
		t.Errorf("the second is %s", id)
	}
	p := r.turn().(parked)
	if len(p.Calls) != 1 || len(p.Sleeps) != 1 || len(p.Cancelled) != 0 {
		t.Errorf("%v", p)
	}
	if p := r.turn().(parked); len(p.Calls)+len(p.Sleeps) != 0 {
		t.Errorf("told twice: %v", p)
	}
}

func TestWhatIsCalledOffInItsOwnTurnIsNeverTold(t *testing.T) {
	r := begun(wide)
	first, _ := r.call("a", "[]", &waits{})
	r.turn()
	second, _ := r.call("b", "[]", &waits{})
	r.cancel(second)
	r.cancel(first)
	r.cancel(first)
	if p := r.turn().(parked); len(p.Calls) != 0 || len(p.Cancelled) != 1 || p.Cancelled[0] != first {
		t.Errorf("%v", p)
	}
}

func TestAnAnswerIsForOneWaitOfItsKind(t *testing.T) {
	r := begun(wide)
	w := &waits{}
	id, _ := r.call("a", "[]", w)
	if r.answer(id, nil, 1) || r.answer("7.9", &outcome{}, 1) {
		t.Error("an answer for nobody was heard")
	}
	if !r.answer(id, &outcome{}, 2) || r.answer(id, &outcome{}, 1) || w.answers != 1 {
		t.Errorf("it was answered %d times", w.answers)
	}
	if r.nowMillis != 2 {
		t.Errorf("the clock went back to %v", r.nowMillis)
	}
}

func TestCallsAndSleepsAreCountedTogether(t *testing.T) {
	r := begun(limits{OutstandingCalls: 1, CallsPerRun: 2, ArgumentBytes: 100})
	w := &waits{}
	id, _ := r.sleep(1, w)
	if _, refused := r.call("a", "[]", w); refused == nil || refused.Reason != "TooManyCalls" {
		t.Errorf("%v", refused)
	}
	r.answer(id, nil, 1)
	id, _ = r.call("a", "[]", w)
	r.answer(id, &outcome{}, 1)
	if _, refused := r.call("a", "[]", w); refused == nil || refused.Message != "a run may make no more than 2 calls and sleeps" {
		t.Errorf("%v", refused)
	}
}
