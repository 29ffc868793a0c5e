package interpreter

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// passesMax is how often the processes are looked at until none is new. Each look stops those that could start others.
const passesMax = 64

// isCrowded says whether there were as many processes as there may be, since it was asked last.
func (f *family) isCrowded() bool {
	if !f.isGroup {
		return false
	}
	refused := content(f.refused)
	hasMore := f.lastRefused != "" && refused != f.lastRefused
	f.lastRefused = refused
	return hasMore || strings.TrimSpace(content(f.count)) == strings.TrimSpace(content(f.bound))
}

// disperse ends what programs have left behind, all but the processes of the engines themselves: what has used up all processes lets no
// other program run. They are stopped before they are ended, so that none of them can start another in between.
func (i *Interpreter) disperse() {
	stopped := map[int]bool{}
	for range passesMax {
		own := i.own()
		others := slices.DeleteFunc(i.family.others(), func(pid int) bool { return own[pid] || stopped[pid] })
		if len(others) == 0 {
			break
		}
		for _, pid := range others {
			_ = unix.Kill(pid, unix.SIGSTOP)
			stopped[pid] = true
		}
	}
	for pid := range stopped {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

func (i *Interpreter) own() map[int]bool {
	own := map[int]bool{}
	for _, e := range i.engines {
		for _, pid := range e.own() {
			own[pid] = true
		}
	}
	return own
}
