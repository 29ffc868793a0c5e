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
	// thrashLook is how long it is watched between two looks, and thrashLooks at how many in a row it must be seen.
	thrashLook  = time.Second
	thrashLooks = 2
	// fewFiles is what is left of files when there is room for next to none.
	fewFiles = 1 << 20
	// fewReads is a number of pages that are no more than those which a group reads anyhow.
	fewReads = 256
)

// bounded is groups that may have only so much memory together.
//
// A group that has all that it may have gets room for more from its files, of which the code that it runs is a part: the kernel takes them
// back, and reads them again when they are wanted. It ends a process when nothing is left to take. While code is read again and again,
// there may always be something: such a group thrashes, and nobody ends it.
//
//	B1. It is looked at only when it has come to its limit: the kernel tells.
//	B2. It thrashes when next to nothing is left of its files, and they are read again and again for some time.
//	B3. The kernel then ends what it would have ended otherwise: for a moment, the group may have less than it has without its files.
type bounded struct {
	directory string
	bytes     uint64
	events    eventFile
}

// bound sets how much memory there may be in a directory of groups, and ends what thrashes there.
func bound(directory string, bytes uint64) (*bounded, error) {
	_ = write(directory, "memory.swap.max", "0") // without swap there may be no such file
	if err := write(directory, "memory.max", strconv.FormatUint(bytes, 10)); err != nil {
		return nil, err
	}
	// What is below may come to limits of its own.
	told, err := openEvents(directory, "memory.events.local")
	if err != nil {
		return nil, err
	}
	b := &bounded{directory, bytes, told}
	go b.watch()
	return b, nil
}

func (b *bounded) watch() {
	var before uint64
	isAtLimit := func() bool {
		times, err := b.events.count("max")
		isMore := err != nil || times > before
		before = times
		return isMore
	}
	for b.events.await(isAtLimit) {
		if b.isThrashing() {
			b.tighten()
		}
	}
}

// filesLook is what is seen of the files that a group has in memory.
type filesLook struct {
	bytes uint64
	// reads are the pages that were read again after they had been taken back, since there is the group.
	reads uint64
}

// isThrashingSince says whether it is seen at this look. See B2.
func (now filesLook) isThrashingSince(before filesLook) bool {
	pages := now.bytes / uint64(os.Getpagesize())
	return now.bytes < fewFiles && now.reads-before.reads > max(fewReads, 2*pages)
}

func (b *bounded) isThrashing() bool {
	before, err := b.look()
	for range thrashLooks {
		time.Sleep(thrashLook)
		now, errNow := b.look()
		if err = errors.Join(err, errNow); err != nil || !now.isThrashingSince(before) {
			return false
		}
		before = now
	}
	return true
}

func (b *bounded) look() (filesLook, error) {
	text, err := os.ReadFile(filepath.Join(b.directory, "memory.stat"))
	if err != nil {
		return filesLook{}, err
	}
	active, errActive := after(string(text), "active_file")
	inactive, errInactive := after(string(text), "inactive_file")
	reads, errReads := after(string(text), "workingset_refault_file")
	return filesLook{active + inactive, reads}, errors.Join(errActive, errInactive, errReads)
}

// tighten returns when less is used than there was without files. See B3.
func (b *bounded) tighten() {
	text, err := os.ReadFile(filepath.Join(b.directory, "memory.current"))
	if err != nil {
		return // nobody is in a group that was removed
	}
	used, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if used+fewFiles < b.bytes {
		return // what was too large has ended meanwhile
	}
	_ = write(b.directory, "memory.max", strconv.FormatUint(used-min(used, 2*fewFiles), 10))
	_ = write(b.directory, "memory.max", strconv.FormatUint(b.bytes, 10))
}
