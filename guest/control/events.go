package control

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// eventFile is a file in which the kernel counts what happens to a group, and tells of each change.
type eventFile struct {
	file *os.File
	raw  syscall.RawConn
}

// openEvents fails if the file cannot be waited for.
func openEvents(directory, name string) (eventFile, error) {
	file, err := os.Open(filepath.Join(directory, name))
	if err != nil {
		return eventFile{}, err
	}
	raw, err := file.SyscallConn()
	if err = errors.Join(err, file.SetReadDeadline(time.Time{})); err != nil { // it has none if it cannot be waited for
		return eventFile{}, errors.Join(err, file.Close())
	}
	return eventFile{file, raw}, nil
}

// await asks whether what is waited for has come, at once and after each change. It is false if the file is closed before.
func (e eventFile) await(hasCome func() bool) bool {
	return e.raw.Read(func(uintptr) bool { return hasCome() }) == nil
}

// count reads a number after a word. It fails with os.ErrClosed when the file is closed.
func (e eventFile) count(word string) (uint64, error) {
	text := make([]byte, 512)
	n, err := e.file.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return after(string(text[:n]), word)
}

// close lets go whoever waits.
func (e eventFile) close() { _ = e.file.Close() }
