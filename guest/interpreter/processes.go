package interpreter

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Looking at processes of the guest, by what the kernel tells of them.

// threads are the directories of the threads of a process.
func threads(pid int) []string {
	directory := "/proc/" + strconv.Itoa(pid) + "/task/"
	list, err := os.Open(directory)
	if err != nil {
		return nil
	}
	defer list.Close()
	names, _ := list.Readdirnames(-1)
	for i, name := range names {
		names[i] = directory + name
	}
	return names
}

// children are the processes that a process has started, or adopted, and that have not been waited for.
func children(pid int) []int {
	var found []int
	for _, thread := range threads(pid) {
		text, err := os.ReadFile(thread + "/children")
		if err != nil {
			continue
		}
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// descendants are the children of a process, and theirs.
func descendants(pid int) []int {
	var found []int
	for _, child := range children(pid) {
		found = append(found, child)
		found = append(found, descendants(child)...)
	}
	return found
}

// fields are those of /proc/PID/stat from the state on: the name before it may have anything in it.
func fields(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return nil
	}
	return strings.Fields(string(text[end+1:]))
}

// isBusy says whether some thread of a process runs, or waits for a disk.
func isBusy(pid int) bool {
	for _, thread := range threads(pid) {
		if f := fields(thread + "/stat"); len(f) > 0 && (f[0] == "R" || f[0] == "D") {
			return true
		}
	}
	return false
}

// isStill says whether nothing runs in the whole machine but who asks. One look at it is cheap; where it is not so, each process has to
// be looked at.
func isStill() bool {
	text, err := os.ReadFile("/proc/stat")
	return err == nil && bytes.Contains(text, []byte("\nprocs_running 1\nprocs_blocked 0\n"))
}

// rssField is the place of the pages among the fields of /proc/PID/stat.
const rssField = 21

// memoryOf is what some processes have.
func memoryOf(pids []int) float64 {
	var bytes float64
	for _, pid := range pids {
		if f := fields("/proc/" + strconv.Itoa(pid) + "/stat"); len(f) > rssField {
			pages, _ := strconv.ParseFloat(f[rssField], 64)
			bytes += pages * float64(os.Getpagesize())
		}
	}
	return bytes
}

// end ends processes at once.
func end(pids []int) {
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}
