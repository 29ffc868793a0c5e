package files

import (
	"crypto/rand"
	"errors"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Read opens a regular file at an offset.
func (r *Root) Read(name string, offset int64) (*os.File, error) {
	// Without waiting: opening a pipe would wait for a writer.
	file, err := r.open(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := begin(file, offset); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func begin(file *os.File, offset int64) error {
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	if err := regular(file.Name(), stat); err != nil {
		return err
	}
	if err := stored(file); err != nil {
		return err
	}
	_, err = file.Seek(offset, io.SeekStart)
	return err
}

// views are file systems whose files are no contents but views of a kernel, and its levers. Where a path leads to is the guest's to
// say: what its own user may not read or write there, the host does not read or write for it.
var views = []int64{unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC}

func stored(file *os.File) error {
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &system); err != nil {
		return err
	}
	if slices.Contains(views, int64(system.Type)) {
		return &os.PathError{Op: "open", Path: file.Name(), Err: unix.EACCES}
	}
	return nil
}

func regular(name string, stat os.FileInfo) error {
	switch {
	case stat.IsDir():
		return &os.PathError{Op: "open", Path: name, Err: unix.EISDIR}
	case !stat.Mode().IsRegular():
		return &os.PathError{Op: "open", Path: name, Err: unix.EINVAL}
	default:
		return nil
	}
}

// Append writes behind what a file has, which is made if there is none, and then is the guest's.
func (r *Root) Append(name string, mode *uint32, from io.Reader) error {
	at, err := r.target(name)
	if err != nil {
		return err
	}
	defer at.close()
	stat, err := os.Lstat(at.path())
	isNew := err != nil
	if !isNew {
		if err := regular(name, stat); err != nil {
			return err
		}
	}
	permissions := os.FileMode(modeOfFiles)
	if mode != nil {
		permissions = os.FileMode(*mode).Perm()
	}
	file, err := os.OpenFile(at.path(), os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, permissions)
	if err != nil {
		return err
	}
	if isNew {
		if err := r.own(at); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// Write replaces a file as a whole: until all of its bytes have come, what is there stays as it is. A file that is replaced keeps its
// owner, and its mode unless there is another.
func (r *Root) Write(name string, mode *uint32, from io.Reader) (int64, error) {
	at, err := r.target(name)
	if err != nil {
		return 0, err
	}
	defer at.close()
	old, err := os.Lstat(at.path())
	if err == nil {
		if err := regular(name, old); err != nil {
			return 0, err
		}
	}
	draft := place{at.directory, ".caisson-" + rand.Text()}
	bytes, err := write(draft, from)
	if err == nil {
		err = r.become(draft, old, mode)
	}
	if err == nil {
		err = os.Rename(draft.path(), at.path())
	}
	if err != nil {
		_ = os.Remove(draft.path())
	}
	return bytes, err
}

func write(draft place, from io.Reader) (int64, error) {
	file, err := os.OpenFile(draft.path(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	bytes, err := io.Copy(file, from)
	return bytes, errors.Join(err, file.Close())
}

// become gives a draft the owner and the mode that it is to have.
func (r *Root) become(draft place, old os.FileInfo, mode *uint32) error {
	bits := os.FileMode(modeOfFiles)
	if old != nil {
		bits = old.Mode().Perm()
	}
	if mode != nil {
		bits = os.FileMode(*mode).Perm()
	}
	if err := os.Chmod(draft.path(), bits); err != nil {
		return err
	}
	if old == nil {
		return r.own(draft)
	}
	owner := ownerOf(old)
	return os.Lchown(draft.path(), owner.uid, owner.gid)
}
