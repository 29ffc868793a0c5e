package files

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

type owner struct{ uid, gid int }

func ownerOf(stat os.FileInfo) owner {
	if system, ok := stat.Sys().(*syscall.Stat_t); ok {
		return owner{int(system.Uid), int(system.Gid)}
	}
	return owner{}
}

// kindOf is empty of what is shown to no host: sockets, and pipes with a name.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "file"
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeSymlink != 0:
		return "symlink"
	case mode&fs.ModeDevice != 0:
		return "device"
	default:
		return ""
	}
}

func entryOf(name string, stat os.FileInfo) message.Entry {
	bits := uint32(stat.Mode().Perm())
	for bit, flag := range map[fs.FileMode]uint32{
		fs.ModeSetuid: unix.S_ISUID, fs.ModeSetgid: unix.S_ISGID, fs.ModeSticky: unix.S_ISVTX,
	} {
		if stat.Mode()&bit != 0 {
			bits |= flag
		}
	}
	return message.Entry{
		Path: name, Kind: kindOf(stat.Mode()), Bytes: message.Count(max(stat.Size(), 0)), ModifiedMillis: stat.ModTime().UnixMilli(), Mode: bits,
	}
}

// Stat tells of the thing at the end of all symbolic links.
func (r *Root) Stat(name string) (message.Entry, error) {
	file, err := r.open(name, unix.O_PATH, 0)
	if err != nil {
		return message.Entry{}, err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return message.Entry{}, err
	}
	entry := entryOf(name, stat)
	if entry.Kind == "" {
		entry.Kind = "device"
	}
	return entry, nil
}

// List tells of what is in a directory, or of all that is below it; what is in a directory comes behind it, by name.
func (r *Root) List(name string, isRecursive bool, tell func(message.Entry) error) error {
	return r.walk(name, isRecursive, func(below string, stat os.FileInfo, _ string) error {
		if kindOf(stat.Mode()) == "" {
			return nil
		}
		return tell(entryOf(path.Join("/", name, below), stat))
	})
}

// walk visits what is below a directory. What is gone when it is visited was never there, and so is what has a name that is no text:
// a host has no way to say it.
func (r *Root) walk(name string, isRecursive bool, visit func(below string, stat os.FileInfo, at string) error) error {
	directory, err := r.open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer directory.Close()
	root := place{directory, ""}.path()
	return filepath.WalkDir(root, func(at string, found fs.DirEntry, err error) error {
		below := strings.TrimPrefix(strings.TrimPrefix(at, strings.TrimSuffix(root, "/")), "/")
		if below == "" {
			return err
		}
		stat, gone := found.Info()
		if gone != nil || err != nil || !utf8.ValidString(below) {
			return skipIfGone(found)
		}
		if err := visit(below, stat, at); err != nil {
			return err
		}
		if found.IsDir() && !isRecursive {
			return filepath.SkipDir
		}
		return nil
	})
}

func skipIfGone(found fs.DirEntry) error {
	if found.IsDir() {
		return filepath.SkipDir
	}
	return nil
}
