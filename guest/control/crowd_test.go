package control

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// groupOf is a group as the kernel shows it.
func groupOf(t *testing.T, files map[string]string) *Group {
	t.Helper()
	g := &Group{directory: t.TempDir()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(g.directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func TestTheKernelSaysWhetherAProcessWasRefused(t *testing.T) {
	for text, expected := range map[string]bool{"max 0\n": false, "max 1\n": true, "max 17\nother 0\n": true, "": true, "max": true, "max x": true} {
		g := groupOf(t, map[string]string{"pids.events": text})
		file, err := os.Open(filepath.Join(g.directory, "pids.events"))
		if err != nil {
			t.Fatal(err)
		}
		g.crowd = &crowd{events: eventFile{file: file}, refused: make(chan struct{})}
		if found := g.IsOutOfProcesses(); found != expected {
			t.Errorf("%q: %t", text, found)
		}
		g.crowd.events.close()
		if g.IsOutOfProcesses() {
			t.Errorf("%q: somebody was refused a process in a group that is gone", text)
		}
	}
}

func TestAGroupThatTheKernelCannotTellOfIsNotMade(t *testing.T) {
	for _, files := range []map[string]string{{}, {"pids.events": "max 0\n"}} {
		if _, err := groupOf(t, files).watchCrowd(); err == nil {
			t.Errorf("a group with %v is watched", files)
		}
	}
}

func TestAGroupEndsThatNothingCanBeReadOf(t *testing.T) {
	g := groupOf(t, map[string]string{"cgroup.kill": ""})
	path := filepath.Join(g.directory, "pids.events")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if g.crowd, err = g.watchCrowd(); err != nil {
		t.Fatal(err)
	}
	defer g.crowd.events.close()
	<-g.crowd.refused
	if err := g.AwaitRest(t.Context()); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v", err)
	}
}

func TestAGroupIsWaitedForWithWhatTheKernelSays(t *testing.T) {
	g := groupOf(t, map[string]string{"pids.events": "max 0\n", "pids.current": "9\n"})
	file, err := os.Open(filepath.Join(g.directory, "pids.events"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	g.crowd = &crowd{events: eventFile{file: file}, refused: make(chan struct{})}
	g.crowd.atRest.Store(12)
	if err := g.AwaitRest(t.Context()); err != nil || g.crowd.atRest.Load() != 9 {
		t.Errorf("%d processes, %v", g.crowd.atRest.Load(), err)
	}
	for name, text := range map[string]string{"pids.current": "10\n", "cpu.stat": ""} {
		if err := os.WriteFile(filepath.Join(g.directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.AwaitRest(t.Context()); err == nil {
		t.Error("what cannot be read was taken for nothing")
	}
	if err := os.Remove(filepath.Join(g.directory, "pids.current")); err != nil {
		t.Fatal(err)
	}
	if err := g.AwaitRest(t.Context()); err != nil {
		t.Errorf("of a group that is gone: %v", err)
	}
}

func TestItIsNotWaitedForAGroupWithoutALimit(t *testing.T) {
	g := groupOf(t, nil)
	if err := g.AwaitRest(t.Context()); err != nil || g.IsOutOfProcesses() {
		t.Error(err)
	}
}
