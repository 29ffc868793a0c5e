package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

// watchesMax is how many directories one watch may see.
const watchesMax = 8_192

// ErrTooMany is returned for a tree with more directories than can be watched.
var ErrTooMany = errors.New("too many directories to watch")

const watched = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MODIFY | unix.IN_ATTRIB |
	unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK | unix.IN_DONT_FOLLOW

// Watch tells of what happens in a directory, and below it if it is recursive.
//
//	W1. After NewWatch returns no change is missed. Those for which the kernel had no more room are told as one change of the
//	    directory that is watched; what is in a new directory when it is first seen is told as created.
type Watch struct {
	root        *Root
	top         string
	isRecursive bool
	events      *os.File
	directories map[int32]string
}

// NewWatch begins to watch.
func (r *Root) NewWatch(name string, isRecursive bool) (*Watch, error) {
	descriptor, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	w := &Watch{
		root: r, top: path.Join("/", name), isRecursive: isRecursive,
		events: os.NewFile(uintptr(descriptor), "inotify"), directories: map[int32]string{},
	}
	if err := w.add(w.top); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Close ends the watch.
func (w *Watch) Close() { _ = w.events.Close() }

// add watches a directory, and those below it.
func (w *Watch) add(directory string) error {
	if err := w.addOne(directory); err != nil || !w.isRecursive {
		return err
	}
	return w.root.walk(directory, true, func(below string, stat os.FileInfo, _ string) error {
		if !stat.IsDir() {
			return nil
		}
		err := w.addOne(path.Join(directory, below))
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			return nil
		}
		return err
	})
}

func (w *Watch) addOne(directory string) error {
	if len(w.directories) >= watchesMax {
		return ErrTooMany
	}
	file, err := w.root.open(directory, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	raw, err := w.events.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(descriptor uintptr) {
		var number int
		number, failure = unix.InotifyAddWatch(int(descriptor), place{file, "."}.path(), watched)
		w.directories[int32(number)] = directory
	})
	if errors.Is(failure, unix.ENOSPC) {
		return ErrTooMany
	}
	return errors.Join(err, failure)
}

// Next waits for changes, and gives those that came together, each once.
func (w *Watch) Next() ([]message.Change, error) {
	buffer := make([]byte, 65_536)
	n, err := w.events.Read(buffer)
	if err != nil {
		return nil, err
	}
	var changes []message.Change
	seen := map[message.Change]bool{}
	for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
		length := int(binary.NativeEndian.Uint32(rest[12:]))
		name := bytes.TrimRight(rest[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+length], "\x00")
		for _, change := range w.changesOf(int32(binary.NativeEndian.Uint32(rest)), binary.NativeEndian.Uint32(rest[4:]), string(name)) {
			if !seen[change] {
				seen[change] = true
				changes = append(changes, change)
			}
		}
		rest = rest[unix.SizeofInotifyEvent+length:]
	}
	return changes, nil
}

func (w *Watch) changesOf(number int32, mask uint32, name string) []message.Change {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		return []message.Change{{Path: w.top, Kind: "changed"}}
	}
	directory, ok := w.directories[number]
	if mask&unix.IN_IGNORED != 0 {
		delete(w.directories, number)
		return nil
	}
	if !ok || name == "" {
		return nil
	}
	at := path.Join(directory, name)
	isDirectory := mask&unix.IN_ISDIR != 0 && w.isRecursive
	switch {
	case mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 && isDirectory:
		return append([]message.Change{{Path: at, Kind: "created"}}, w.arrived(at)...)
	case mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0:
		return []message.Change{{Path: at, Kind: "created"}}
	case mask&unix.IN_MOVED_FROM != 0 && isDirectory:
		w.forget(at)
		return []message.Change{{Path: at, Kind: "removed"}}
	case mask&(unix.IN_DELETE|unix.IN_MOVED_FROM) != 0:
		return []message.Change{{Path: at, Kind: "removed"}}
	default:
		return []message.Change{{Path: at, Kind: "changed"}}
	}
}

// arrived watches a new directory, and tells of what is in it already.
func (w *Watch) arrived(directory string) []message.Change {
	if err := w.add(directory); err != nil {
		return []message.Change{{Path: directory, Kind: "changed"}}
	}
	var changes []message.Change
	_ = w.root.walk(directory, true, func(below string, _ os.FileInfo, _ string) error {
		changes = append(changes, message.Change{Path: path.Join(directory, below), Kind: "created"})
		return nil
	})
	return changes
}

// forget watches a directory that has gone elsewhere no longer.
func (w *Watch) forget(gone string) {
	raw, err := w.events.SyscallConn()
	if err != nil {
		return
	}
	for number, directory := range w.directories {
		if directory == gone || strings.HasPrefix(directory, gone+"/") {
			delete(w.directories, number)
			_ = raw.Control(func(descriptor uintptr) { _, _ = unix.InotifyRmWatch(int(descriptor), uint32(number)) })
		}
	}
}
