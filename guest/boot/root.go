package boot

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Layers says where the root of the guest comes from.
type Layers struct {
	// Base is never written to.
	Base mount
	// Upper has what differs from it.
	Upper mount
	// Root is where both become one.
	Root string
}

// stack mounts the layers and lays the upper one over the base.
func (l Layers) stack() error {
	if err := mountAll([]mount{l.Base, l.Upper}); err != nil {
		return err
	}
	changes, work := filepath.Join(l.Upper.target, "upper"), filepath.Join(l.Upper.target, "work")
	for _, directory := range []string{changes, work} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return fmt.Errorf("prepare the upper layer: %w", err)
		}
	}
	data := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", l.Base.target, changes, work)
	return mount{"overlay", l.Root, "overlay", unix.MS_NODEV | unix.MS_NOATIME, data, 0o755}.do()
}

// enter makes the root of the layers the root of everything. What it was before is nobody's to reach any more.
func (l Layers) enter() error {
	for _, directory := range moved {
		target := filepath.Join(l.Root, directory)
		if err := os.MkdirAll(target, 0o755); err != nil {
			return fmt.Errorf("move %s: %w", directory, err)
		}
		if err := unix.Mount(directory, target, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", directory, err)
		}
	}
	if err := unix.Chdir(l.Root); err != nil {
		return fmt.Errorf("enter %s: %w", l.Root, err)
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move %s to the root: %w", l.Root, err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	return unix.Chdir("/")
}
