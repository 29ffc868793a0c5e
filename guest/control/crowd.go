package control

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"
)

// ErrTooMany is returned for a group that was ended since it wanted more processes than it may have.
var ErrTooMany = errors.New("more processes were wanted than there may be")

// crowd is what is known of the number of processes of a group that has a limit for it. Threads are counted as processes.
//
//	C1. A group is one run: when it wants more processes than it may have, all of it ends. It is not asked for that: the kernel tells.
//	C2. If the kernel's word cannot be read, the group ends as well.
type crowd struct {
	events eventFile
	// refused is closed when the group is ended.
	refused chan struct{}
	// atRest is how many there were at most when it was last waited for.
	atRest atomic.Uint64
}

// watchCrowd ends the group once it was refused a process.
func (g *Group) watchCrowd() (*crowd, error) {
	told, err := openEvents(g.directory, "pids.events")
	if err != nil {
		return nil, err
	}
	c := &crowd{events: told, refused: make(chan struct{})}
	go func() {
		isRefused := false
		_ = c.events.await(func() bool {
			isRefused = c.isRefused()
			return isRefused
		})
		if isRefused {
			close(c.refused)
			_ = g.Kill()
		}
	}()
	return c, nil
}

// isRefused says whether a process was refused. See C2.
func (c *crowd) isRefused() bool {
	refusals, err := c.events.count("max")
	if errors.Is(err, os.ErrClosed) {
		return false // nobody is in it any more
	}
	return refusals > 0 || err != nil
}

// IsOutOfProcesses says whether the group is ended since it wanted too many. Its first process may have ended before, for want of one.
func (g *Group) IsOutOfProcesses() bool { return g.crowd != nil && g.crowd.isRefused() }

// AwaitRest waits while a group that has become larger since this was last called still grows: who starts processes without end may be
// gone long before there are as many as there may be. It fails with ErrTooMany if the group was ended.
func (g *Group) AwaitRest(ctx context.Context) error {
	if g.crowd == nil {
		return nil
	}
	v := vigil{before: g.crowd.atRest.Load()}
	for pause := lookFirst; ; pause = min(2*pause, lookLast) {
		now, err := g.look(v.before)
		if err != nil {
			return err
		}
		if v.isOver(now) {
			g.crowd.atRest.Store(v.largest)
			return g.crowd.failure()
		}
		select {
		case <-time.After(pause):
		case <-g.crowd.refused:
			return ErrTooMany
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *crowd) failure() error {
	select {
	case <-c.refused:
		return ErrTooMany
	default:
		if c.isRefused() {
			return ErrTooMany
		}
		return nil
	}
}
