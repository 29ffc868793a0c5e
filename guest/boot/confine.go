package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// settings are of what guest code has no need of, and of what has helped it to become root elsewhere. A kernel that does not know one
// of them does not have what it is about.
var settings = []struct{ name, value string }{
	{"user/max_user_namespaces", "0"},
	{"kernel/unprivileged_bpf_disabled", "1"},
	{"kernel/perf_event_paranoid", "3"},
	{"kernel/dmesg_restrict", "1"},
	{"kernel/kptr_restrict", "2"},
	{"kernel/sysrq", "0"},
	{"kernel/modules_disabled", "1"},
	{"vm/unprivileged_userfaultfd", "0"},
	{"vm/compaction_proactiveness", "0"}, // twice a second
}

// restrict has the kernel do without what is in the table.
func restrict() error {
	for _, s := range settings {
		err := os.WriteFile(filepath.Join("/proc/sys", s.name), []byte(s.value), 0o644)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("restrict: %w", err)
		}
	}
	return nil
}

// confine sees to it that no program ever gains a privilege by being run: files that would give one, for whatever user, do not.
func confine() error {
	// All threads of this process start programs.
	if _, _, failure := syscall.AllThreadsSyscall6(syscall.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); failure != 0 {
		return fmt.Errorf("give up new privileges: %w", failure)
	}
	return nil
}

// loopback brings up the one network device that there is.
func loopback() error {
	descriptor, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	defer func() { _ = unix.Close(descriptor) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(descriptor, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	return nil
}
