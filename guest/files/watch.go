package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

const (
	// watchesMax is how many directories one watch may see.
	watchesMax = 8_192
	// effortMax is how many names may be looked at for one answer, each as often as it has directories above it: guest code can make
	// trees that nobody comes to the end of.
	effortMax = 65_536
)

const watched = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MODIFY | unix.IN_ATTRIB |
	unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK | unix.IN_DONT_FOLLOW

// Watch tells of what happens in a directory, and below it if it is recursive.
//
//	W1. After NewWatch returns no change is missed, and what was done before Since is called is in what that gives. Changes for
//	    which the kernel had no more room are told as one of the directory that is watched; what is in a new directory when it is
//	    first seen is told as created.
//	W2. Whatever guest code makes, and goes on to make, an answer comes to its end. A tree that is too large to be seen is told as
//	    changed each time.
//	W3. What has a name that is no text is told as a change of the directory that it is in.
type Watch struct {
	root        *Root
	top         string
	isRecursive bool
	events      *os.File
	directories map[int32]string
	// left is of the effort for the answer that is being made.
	left int
	// isPartial says that not all directories are watched.
	isPartial bool
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
	if err := w.addOne(w.top); err != nil {
		w.Close()
		return nil, err
	}
	w.left = effortMax
	w.enter(w.top, func(string) {})
	return w, nil
}

// Close ends the watch.
func (w *Watch) Close() { _ = w.events.Close() }

// enter tells of what is below a directory, and watches the directories among it: each before it is looked into, so that nothing is
// missed in between.
func (w *Watch) enter(directory string, tell func(path string)) {
	if !w.isRecursive || w.isPartial {
		return
	}
	_ = w.root.walk(directory, true, func(below string, stat os.FileInfo, _ string) error {
		at := path.Join(directory, below)
		w.left -= 1 + strings.Count(at, "/")
		if w.left < 0 {
			w.isPartial = true
			return filepath.SkipAll
		}
		tell(at)
		if !stat.IsDir() {
			return nil
		}
		err := w.addOne(at)
		if err == nil || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			return nil
		}
		w.isPartial = true
		return filepath.SkipAll
	})
}

var errTooMany = errors.New("too many directories to watch")

func (w *Watch) addOne(directory string) error {
	if len(w.directories) >= watchesMax {
		return errTooMany
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
		if failure == nil {
			w.directories[int32(number)] = directory
		}
	})
	return errors.Join(err, failure)
}

// changesMax is how many changes are told one by one.
const changesMax = 1_000

// Since gives what has become of things since it was last asked, each once, and waits for nothing. Of more than can be told, it tells
// that the root has changed.
func (w *Watch) Since() ([]message.Change, error) {
	changes := accumulated{kinds: map[string]message.ChangeKind{}}
	w.left = effortMax
	// What guest code does meanwhile is told with the next answer.
	there, err := w.waiting()
	if err != nil {
		return nil, err
	}
	for buffer := make([]byte, 65_536); there > 0; {
		n, err := w.read(buffer)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			return nil, err
		}
		there -= n
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			length := int(binary.NativeEndian.Uint32(rest[12:]))
			name := bytes.TrimRight(rest[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+length], "\x00")
			w.hear(int32(binary.NativeEndian.Uint32(rest)), binary.NativeEndian.Uint32(rest[4:]), string(name), &changes)
			rest = rest[unix.SizeofInotifyEvent+length:]
		}
	}
	if w.isPartial {
		changes.add(message.Change{Path: w.top, Kind: message.Changed})
	}
	return changes.list(), nil
}

// waiting is how many bytes of events there are.
func (w *Watch) waiting() (int, error) {
	raw, err := w.events.SyscallConn()
	if err != nil {
		return 0, err
	}
	n := 0
	var failure error
	err = raw.Control(func(descriptor uintptr) { n, failure = unix.IoctlGetInt(int(descriptor), unix.TIOCINQ) })
	return n, errors.Join(err, failure)
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
	if len(a.kinds) > changesMax {
		return // they are told as one
	}
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

func (w *Watch) hear(number int32, mask uint32, name string, changes *accumulated) {
	if mask&unix.IN_Q_OVERFLOW != 0 {
		changes.add(message.Change{Path: w.top, Kind: message.Changed})
		return
	}
	directory, ok := w.directories[number]
	if mask&unix.IN_IGNORED != 0 {
		delete(w.directories, number)
		return
	}
	if !ok || name == "" {
		return
	}
	if !utf8.ValidString(name) {
		changes.add(message.Change{Path: directory, Kind: message.Changed})
		return
	}
	at := path.Join(directory, name)
	isDirectory := mask&unix.IN_ISDIR != 0 && w.isRecursive
	switch {
	case mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0:
		changes.add(message.Change{Path: at, Kind: message.Created})
		if isDirectory {
			w.arrived(at, changes)
		}
	case mask&(unix.IN_DELETE|unix.IN_MOVED_FROM) != 0:
		if mask&unix.IN_MOVED_FROM != 0 && isDirectory {
			w.forget(at)
		}
		changes.add(message.Change{Path: at, Kind: message.Removed})
	default:
		changes.add(message.Change{Path: at, Kind: message.Changed})
	}
}

// arrived watches a new directory, and tells of what is in it already.
func (w *Watch) arrived(directory string, changes *accumulated) {
	err := w.addOne(directory)
	switch {
	case err == nil:
		w.enter(directory, func(at string) { changes.add(message.Change{Path: at, Kind: message.Created}) })
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
	default:
		w.isPartial = true
	}
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
