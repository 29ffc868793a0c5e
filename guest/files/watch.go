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
//	W1. After NewWatch returns no change is missed, and what was done before Since is called is in what that gives. Changes for
//	    which the kernel had no more room are told as one of the directory that is watched; what is in a new directory when it is
//	    first seen is told as created.
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

// changesMax is how many changes are told one by one.
const changesMax = 1_000

// Since gives what has become of things since it was last asked, each once, and waits for nothing. Of more than can be told, it tells
// that the root has changed.
func (w *Watch) Since() ([]message.Change, error) {
	changes := accumulated{kinds: map[string]message.ChangeKind{}}
	buffer := make([]byte, 65_536)
	for {
		n, err := w.read(buffer)
		if errors.Is(err, unix.EAGAIN) {
			return changes.list(), nil
		}
		if err != nil {
			return nil, err
		}
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			length := int(binary.NativeEndian.Uint32(rest[12:]))
			name := bytes.TrimRight(rest[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+length], "\x00")
			for _, change := range w.changesOf(int32(binary.NativeEndian.Uint32(rest)), binary.NativeEndian.Uint32(rest[4:]), string(name)) {
				changes.add(change)
			}
			rest = rest[unix.SizeofInotifyEvent+length:]
		}
	}
}

// read reads what there is, if there is anything.
func (w *Watch) read(buffer []byte) (int, error) {
	raw, err := w.events.SyscallConn()
	if err != nil {
		return 0, err
	}
	n := 0
	var failure error
	err = raw.Control(func(descriptor uintptr) { n, failure = unix.Read(int(descriptor), buffer) })
	return n, errors.Join(err, failure)
}

// accumulated is what has become of paths, in the order in which they were first heard of.
type accumulated struct {
	kinds map[string]message.ChangeKind
	order []string
}

func (a *accumulated) add(c message.Change) {
	before, isKnown := a.kinds[c.Path]
	switch {
	case !isKnown:
		a.kinds[c.Path] = c.Kind
		a.order = append(a.order, c.Path)
	case before == message.Created && c.Kind == message.Removed:
		delete(a.kinds, c.Path) // nobody has seen it
	case before == message.Created:
	case before == message.Removed && c.Kind == message.Created:
		a.kinds[c.Path] = message.Changed
	default:
		a.kinds[c.Path] = c.Kind
	}
}

func (a *accumulated) list() []message.Change {
	if len(a.kinds) > changesMax {
		return []message.Change{{Path: "/", Kind: message.Changed}}
	}
	changes := []message.Change{}
	for _, path := range a.order {
		if kind, ok := a.kinds[path]; ok {
			changes = append(changes, message.Change{Path: path, Kind: kind})
			delete(a.kinds, path) // a path that came again stands there twice
		}
	}
	return changes
}

func (w *Watch) changesOf(number int32, mask uint32, name string) []message.Change {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		return []message.Change{{Path: w.top, Kind: message.Changed}}
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
		return append([]message.Change{{Path: at, Kind: message.Created}}, w.arrived(at)...)
	case mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0:
		return []message.Change{{Path: at, Kind: message.Created}}
	case mask&unix.IN_MOVED_FROM != 0 && isDirectory:
		w.forget(at)
		return []message.Change{{Path: at, Kind: message.Removed}}
	case mask&(unix.IN_DELETE|unix.IN_MOVED_FROM) != 0:
		return []message.Change{{Path: at, Kind: message.Removed}}
	default:
		return []message.Change{{Path: at, Kind: message.Changed}}
	}
}

// arrived watches a new directory, and tells of what is in it already.
func (w *Watch) arrived(directory string) []message.Change {
	if err := w.add(directory); err != nil {
		return []message.Change{{Path: directory, Kind: message.Changed}}
	}
	var changes []message.Change
	_ = w.root.walk(directory, true, func(below string, _ os.FileInfo, _ string) error {
		changes = append(changes, message.Change{Path: path.Join(directory, below), Kind: message.Created})
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
