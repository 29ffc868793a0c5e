package control

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// A group that is waited for is looked at again after so long, and twice as long each time: a look takes time of the group's processor.
	lookFirst = 2 * time.Millisecond
	lookLast  = 50 * time.Millisecond
	// It is at rest when nobody worked at so many looks in a row, or when it has worked for so long without becoming larger than ever; at
	// the latest after so many looks. Time passes also where a processor in software waits for that of its host, and counts for nothing.
	restLooks = 5
	workMax   = 2 * time.Second
	looksMax  = 1_200
)

// look is what is seen of a group at one time.
type look struct {
	size uint64
	// worked is the processor time of all that ever was in it.
	worked time.Duration
	// isBusy says whether anybody else in the machine works, or waits for the disk.
	isBusy bool
}

// vigil is kept over a group that has become larger until it is at rest.
type vigil struct {
	before, largest uint64
	// grown is the look at which it was larger than ever, and last the one before this.
	grown, last   look
	looks, atRest int
}

// isOver takes the next look.
func (v *vigil) isOver(now look) bool {
	v.looks++
	v.atRest++
	if now.isBusy || now.worked != v.last.worked {
		v.atRest = 0
	}
	if now.size > v.largest {
		v.largest, v.grown, v.atRest = now.size, now, 0
	}
	v.last = now
	if now.size <= v.before {
		v.largest = now.size
		return true
	}
	return v.atRest >= restLooks || now.worked-v.grown.worked >= workMax || v.looks >= looksMax
}

// look looks no closer at a group that is as small as before.
func (g *Group) look(before uint64) (look, error) {
	text, err := os.ReadFile(filepath.Join(g.directory, "pids.current"))
	if errors.Is(err, os.ErrNotExist) {
		return look{}, nil // nobody is in a group that was removed
	}
	if err != nil {
		return look{}, err
	}
	size, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || size <= before {
		return look{size: size}, err
	}
	used, errUsed := os.ReadFile(filepath.Join(g.directory, "cpu.stat"))
	machine, errMachine := os.ReadFile("/proc/stat")
	if err := errors.Join(errUsed, errMachine); err != nil {
		return look{}, err
	}
	micros, errMicros := after(string(used), "usage_usec")
	running, errRunning := after(string(machine), "procs_running")
	blocked, errBlocked := after(string(machine), "procs_blocked")
	now := look{size: size, worked: time.Duration(micros) * time.Microsecond, isBusy: running > 1 || blocked > 0}
	return now, errors.Join(errMicros, errRunning, errBlocked)
}
