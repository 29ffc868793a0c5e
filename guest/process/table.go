package process

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"caisson/guest/message"
)

var (
	// ErrNone is returned for an id that no process has.
	ErrNone = errors.New("there is no such process")
	// ErrExists is returned for an id that a process has already.
	ErrExists = errors.New("there is such a process already")
	// ErrTooMany is returned when there are as many processes as there may be.
	ErrTooMany = errors.New("too many processes")
)

// Table is the processes that the host knows, across its connections.
type Table struct {
	surroundings *Surroundings
	mu           sync.Mutex
	processes    map[string]*Process
}

// NewTable makes a table without processes.
func NewTable(surroundings *Surroundings) *Table {
	return &Table{surroundings: surroundings, processes: map[string]*Process{}}
}

// Start starts a process, to which the caller is attached.
func (t *Table) Start(e *message.Execute) (*Process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.processes[e.ID]; ok {
		return nil, ErrExists
	}
	if len(t.processes) >= message.ProcessesMax && !t.makeRoom() {
		return nil, ErrTooMany
	}
	p, err := t.surroundings.start(e)
	if err != nil {
		return nil, err
	}
	p.Attach()
	t.processes[e.ID] = p
	return p, nil
}

// makeRoom forgets a process that has ended and that nobody is attached to.
func (t *Table) makeRoom() bool {
	for id, p := range t.processes {
		if !p.IsRunning() && p.Attach() {
			delete(t.processes, id)
			p.Release()
			return true
		}
	}
	return false
}

// Find finds a process.
func (t *Table) Find(id string) (*Process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.processes[id]; ok {
		return p, nil
	}
	return nil, ErrNone
}

// Release ends a process and forgets it.
func (t *Table) Release(p *Process) {
	t.mu.Lock()
	if t.processes[p.ID] == p {
		delete(t.processes, p.ID)
	}
	t.mu.Unlock()
	p.Release()
}

// Known lists the processes.
func (t *Table) Known() []message.KnownProcess {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := []message.KnownProcess{}
	for id, p := range t.processes {
		state := message.Ended
		if p.IsRunning() {
			state = message.Running
		}
		known = append(known, message.KnownProcess{ID: id, State: state})
	}
	slices.SortFunc(known, func(a, b message.KnownProcess) int { return strings.Compare(a.ID, b.ID) })
	return known
}

// AwaitRest waits for what the processes have started. See Process.AwaitRest.
func (t *Table) AwaitRest(ctx context.Context) error {
	t.mu.Lock()
	all := slices.Collect(maps.Values(t.processes))
	t.mu.Unlock()
	for _, p := range all {
		if err := p.AwaitRest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// End ends all processes.
func (t *Table) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.processes {
		p.Release()
	}
}
