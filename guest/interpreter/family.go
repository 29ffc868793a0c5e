package interpreter

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const groupsDirectory = "/sys/fs/cgroup"

// family is this process and all that it has started. Where those are a control group its files are kept open: to look for each process
// takes most of the time of a short turn.
type family struct {
	memory, members int
	isGroup         bool
}

func newFamily() family {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return family{}
	}
	// The hierarchy of version 2 has the number 0, and a machine of ours has no other.
	group, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "0::/")
	if !ok || group == "" || strings.Contains(group, "\n") {
		return family{}
	}
	open := func(name string) (descriptor int) {
		if err == nil {
			descriptor, err = unix.Open(groupsDirectory+"/"+group+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		return descriptor
	}
	f := family{memory: open("memory.current"), members: open("cgroup.procs")}
	f.isGroup = err == nil
	return f
}

// others are all but this process.
func (f family) others() []int {
	own := os.Getpid()
	if !f.isGroup {
		return descendants(own)
	}
	var found []int
	for line := range strings.Lines(content(f.members)) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid != own {
			found = append(found, pid)
		}
	}
	return found
}

// usage is the memory that all of them have. What they have used of a processor is the host's to say, and the kernel's own account of
// it takes it longest to make.
func (f family) usage() usage {
	if !f.isGroup {
		return usage{MemoryBytes: memoryOf(append(f.others(), os.Getpid()))}
	}
	return usage{MemoryBytes: numberOf(strings.TrimSpace(content(f.memory)))}
}

// content is all that is in a file of the kernel's.
func content(descriptor int) string {
	var text []byte
	for piece := make([]byte, 4_096); ; {
		n, err := unix.Pread(descriptor, piece, int64(len(text)))
		if n <= 0 || err != nil {
			return string(text)
		}
		text = append(text, piece[:n]...)
	}
}

func numberOf(text string) float64 {
	number, _ := strconv.ParseFloat(text, 64)
	return number
}
