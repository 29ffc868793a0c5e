package renew

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// request asks a device for something that has no function of its own.
func request(device, number uintptr, argument []byte) error {
	var at unsafe.Pointer
	if len(argument) > 0 {
		at = unsafe.Pointer(&argument[0])
	}
	if _, _, failure := unix.Syscall(unix.SYS_IOCTL, device, number, uintptr(at)); failure != 0 {
		return failure
	}
	return nil
}
