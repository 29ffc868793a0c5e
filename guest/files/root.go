// Package files reads and changes the guest's files for the host, who may write anywhere below one root and nowhere else.
package files

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Root is a directory that no path leads out of: symbolic links, absolute ones among them, are followed as if it were the root of
// the file system.
type Root struct {
	directory *os.File
	// UID and GID are given to what is made, if OwnsNew.
	UID, GID int
	OwnsNew  bool
}

// Open takes a directory as the root.
func Open(directory string) (*Root, error) {
	file, err := os.OpenFile(directory, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &Root{directory: file}, nil
}

const (
	modeOfFiles       = 0o644
	modeOfDirectories = 0o755
	linksMax          = 40
)

func (r *Root) open(name string, flags int, mode os.FileMode) (*os.File, error) {
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	if flags&unix.O_CREAT != 0 {
		how.Mode = uint64(mode.Perm())
	}
	for {
		descriptor, err := unix.Openat2(int(r.directory.Fd()), clean(name), &how)
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: name, Err: err}
		}
		return os.NewFile(uintptr(descriptor), name), nil
	}
}

// clean makes a path relative to the root. Segments with two dots are the kernel's to follow.
func clean(name string) string {
	relative := strings.TrimLeft(name, "/")
	if relative == "" {
		return "."
	}
	return relative
}

// place is a name in a directory that is held open.
type place struct {
	directory *os.File
	name      string
}

// path names the place for system calls, whatever becomes of the directories above it.
func (p place) path() string { return fmt.Sprintf("/proc/self/fd/%d/%s", p.directory.Fd(), p.name) }

func (p place) close() { _ = p.directory.Close() }

var errRoot = &os.PathError{Op: "change", Path: "/", Err: unix.EINVAL}

// place finds where a name is or would be, to be changed, without following the name itself. Nothing is changed in a view.
func (r *Root) place(name string) (place, error) {
	trimmed := strings.TrimRight(name, "/")
	directory, last := path.Split(trimmed)
	if trimmed == "" || last == "." || last == ".." {
		return place{}, errRoot
	}
	if len(last) > unix.NAME_MAX {
		return place{}, &os.PathError{Op: "open", Path: name, Err: unix.ENAMETOOLONG}
	}
	file, err := r.open(directory, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return place{}, err
	}
	if err := stored(file); err != nil {
		_ = file.Close()
		return place{}, err
	}
	return place{file, last}, nil
}

// target is the place of a name at the end of all symbolic links.
func (r *Root) target(name string) (place, error) {
	for range linksMax {
		at, err := r.place(name)
		if err != nil {
			return place{}, err
		}
		to, err := os.Readlink(at.path())
		if err != nil {
			return at, nil
		}
		at.close()
		if !strings.HasPrefix(to, "/") {
			to = path.Dir(strings.TrimRight(name, "/")) + "/" + to
		}
		name = to
	}
	return place{}, &os.PathError{Op: "open", Path: name, Err: unix.ELOOP}
}

// own gives something that was made to the guest.
func (r *Root) own(at place) error {
	if !r.OwnsNew {
		return nil
	}
	return os.Lchown(at.path(), r.UID, r.GID)
}

// MakeDirectory makes a directory with those that it is in. One that is there stays.
func (r *Root) MakeDirectory(name string) error { return r.makeDirectory(name, modeOfDirectories) }

func (r *Root) makeDirectory(name string, mode os.FileMode) error {
	file, err := r.open(name, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err == nil {
		return file.Close()
	}
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	if above := path.Dir(strings.TrimRight(name, "/")); above != "/" && above != "." {
		if err := r.makeDirectory(above, modeOfDirectories); err != nil {
			return err
		}
	}
	at, err := r.place(name)
	if err != nil {
		return err
	}
	defer at.close()
	if err := os.Mkdir(at.path(), mode); err != nil {
		return err
	}
	return r.own(at)
}

// Remove removes a file, a link or an empty directory; any directory, if it is recursive.
func (r *Root) Remove(name string, isRecursive bool) error {
	at, err := r.place(name)
	if err != nil {
		return err
	}
	defer at.close()
	if _, err := os.Lstat(at.path()); err != nil {
		return err
	}
	if isRecursive {
		return os.RemoveAll(at.path())
	}
	return os.Remove(at.path())
}

// Rename gives a file another path, in place of what is there.
func (r *Root) Rename(from, to string) error {
	old, err := r.place(from)
	if err != nil {
		return err
	}
	defer old.close()
	next, err := r.place(to)
	if err != nil {
		return err
	}
	defer next.close()
	return os.Rename(old.path(), next.path())
}
