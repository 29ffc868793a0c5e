package serve

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"caisson/guest/channel"
	"caisson/guest/control"
	"caisson/guest/files"
	"caisson/guest/message"
	"caisson/guest/process"
)

const messageMax = 4_096

var errFrozen = errors.New("the agent is frozen")

// codes of errors that are no file's.
var codes = []struct {
	err  error
	code string
}{
	{errFrozen, "Frozen"},
	{process.ErrNone, "NoSuchProcess"},
	{process.ErrExists, "ProcessExists"},
	{process.ErrTooMany, "TooMany"},
	{channel.ErrTooMany, "TooMany"},
	{control.ErrTooMany, "TooMany"},
	{channel.ErrBytesLost, "BytesLost"},
	{control.ErrUnsupported, "Unsupported"},
}

var numbers = map[syscall.Errno]string{
	unix.ENOENT: "ENOENT", unix.EEXIST: "EEXIST", unix.ENOTDIR: "ENOTDIR", unix.EISDIR: "EISDIR", unix.EACCES: "EACCES", unix.EPERM: "EACCES",
	unix.EROFS: "EACCES", unix.ENOTEMPTY: "ENOTEMPTY", unix.ELOOP: "ELOOP", unix.ENAMETOOLONG: "ENAMETOOLONG", unix.ENOSPC: "ENOSPC",
	unix.EDQUOT: "ENOSPC", unix.EFBIG: "ENOSPC", unix.EINVAL: "EINVAL", unix.EXDEV: "EINVAL", unix.ENXIO: "EINVAL", unix.EBUSY: "EACCES",
}

func malformed(err error) error { return &message.Refusal{Code: "Malformed", Message: err.Error()} }

func notStarted(err error) error {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return err
		}
	}
	return &message.Refusal{Code: "NotStarted", Message: err.Error()}
}

// refused is the end of a stream whose request was not done.
func refused(err error) message.Refused {
	return message.Refused{Error: message.Refusal{Code: codeOf(err), Message: shown(err)}}
}

func codeOf(err error) string {
	var refusal *message.Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		if code, ok := numbers[number]; ok {
			return code
		}
	}
	if errors.Is(err, files.ErrArchive) {
		return "EINVAL"
	}
	return "Internal"
}

// held is how the agent names a directory that it holds open, which says nothing to a host.
var held = regexp.MustCompile(`/proc/self/fd/\d+/`)

func shown(err error) string {
	var refusal *message.Refusal
	text := fmt.Sprint(err)
	if errors.As(err, &refusal) {
		text = refusal.Message
	}
	text = held.ReplaceAllString(text, "")
	return strings.ToValidUTF8(text[:min(len(text), messageMax)], "\ufffd")
}
