package boot

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

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
