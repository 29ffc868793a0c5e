package files

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

// entriesMax is how many entries one archive may have.
const entriesMax = 1_000_000

// ErrArchive is returned for an archive that cannot be unpacked.
var ErrArchive = errors.New("no archive that can be unpacked")

// Pack writes what is below a directory as an archive. Devices, sockets, pipes and files of a view are left out.
func (r *Root) Pack(name string, to io.Writer) (message.Moved, error) {
	archive := tar.NewWriter(to)
	var moved message.Moved
	err := r.walk(name, true, func(below string, stat os.FileInfo, at string) error {
		bytes, err := pack(archive, below, stat, at)
		if err != nil {
			return err
		}
		moved.Entries++
		moved.Bytes += message.Count(bytes)
		return nil
	})
	return moved, errors.Join(err, archive.Close())
}

func pack(archive *tar.Writer, below string, stat os.FileInfo, at string) (int64, error) {
	switch kindOf(stat.Mode()) {
	case "file":
		return packFile(archive, below, at)
	case "directory":
		return 0, archive.WriteHeader(headerOf(below+"/", tar.TypeDir, stat))
	case "symlink":
		target, err := os.Readlink(at)
		if err != nil || !utf8.ValidString(target) {
			return 0, nil // it is gone, or an archive cannot say it
		}
		header := headerOf(below, tar.TypeSymlink, stat)
		header.Linkname = target
		return 0, archive.WriteHeader(header)
	default:
		return 0, nil
	}
}

// packFile packs as many bytes as the file has when it is opened, even if it grows or shrinks meanwhile.
func packFile(archive *tar.Writer, below, at string) (int64, error) {
	file, err := os.OpenFile(at, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, nil // it is gone
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil || !stat.Mode().IsRegular() {
		return 0, err
	}
	if stored(file) != nil {
		return 0, nil
	}
	header := headerOf(below, tar.TypeReg, stat)
	header.Size = stat.Size()
	if err := archive.WriteHeader(header); err != nil {
		return 0, err
	}
	read, err := io.Copy(archive, io.LimitReader(file, header.Size))
	if err != nil {
		return 0, err
	}
	_, err = io.CopyN(archive, zeros{}, header.Size-read)
	return header.Size, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func headerOf(name string, kind byte, stat os.FileInfo) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name, Mode: int64(stat.Mode().Perm()), ModTime: stat.ModTime(), Format: tar.FormatPAX}
}

// Unpack makes the entries of an archive below a directory, which is made if there is none. Whatever an entry is called and whatever
// links there are, nothing outside of the directory is touched.
func (r *Root) Unpack(name string, from io.Reader) (message.Moved, error) {
	var moved message.Moved
	if err := r.MakeDirectory(name); err != nil {
		return moved, err
	}
	file, err := r.open(name, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return moved, err
	}
	defer file.Close()
	into := &Root{directory: file, UID: r.UID, GID: r.GID, OwnsNew: r.OwnsNew}
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, from)
			return moved, err
		}
		if err != nil {
			return moved, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		if moved.Entries++; moved.Entries > entriesMax {
			return moved, &os.PathError{Op: "unpack", Path: name, Err: unix.ENOSPC}
		}
		bytes, err := into.unpack(header, archive)
		moved.Bytes += message.Count(bytes)
		if err != nil {
			return moved, err
		}
	}
}

func (r *Root) unpack(header *tar.Header, body io.Reader) (int64, error) {
	name := path.Clean("/" + header.Name)
	if name == "/" {
		return 0, nil
	}
	mode := uint32(header.Mode) & 0o7777
	if header.Typeflag == tar.TypeDir {
		return 0, r.unpackDirectory(name, mode)
	}
	if err := r.MakeDirectory(path.Dir(name)); err != nil {
		return 0, err
	}
	switch header.Typeflag {
	case tar.TypeReg:
		return r.unpackFile(name, mode, header, body)
	case tar.TypeSymlink:
		return 0, r.unpackLink(name, header.Linkname)
	default:
		return 0, fmt.Errorf("%w: %s is neither a file, a directory nor a symbolic link", ErrArchive, header.Name)
	}
}

func (r *Root) unpackDirectory(name string, mode uint32) error {
	if err := r.MakeDirectory(name); err != nil {
		return err
	}
	file, err := r.open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(os.FileMode(mode).Perm()), file.Close())
}

func (r *Root) unpackFile(name string, mode uint32, header *tar.Header, body io.Reader) (int64, error) {
	bytes, err := r.Write(name, &mode, body)
	if err != nil || header.ModTime.IsZero() {
		return bytes, err
	}
	at, err := r.target(name)
	if err != nil {
		return bytes, err
	}
	defer at.close()
	return bytes, os.Chtimes(at.path(), header.ModTime, header.ModTime)
}

func (r *Root) unpackLink(name, target string) error {
	at, err := r.place(name)
	if err != nil {
		return err
	}
	defer at.close()
	if stat, err := os.Lstat(at.path()); err == nil && !stat.IsDir() {
		if err := os.Remove(at.path()); err != nil {
			return err
		}
	}
	if err := os.Symlink(target, at.path()); err != nil {
		return err
	}
	return r.own(at)
}
