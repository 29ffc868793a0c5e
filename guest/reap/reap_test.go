package reap

import (
	"os"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func start(script string) func() (int, error) {
	return func() (int, error) {
		return syscall.ForkExec("/bin/sh", []string{"sh", "-c", script}, &syscall.ProcAttr{
			Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true},
		})
	}
}

// There is one reaper in a process, however often its tests are run.
var begin = sync.OnceValues(Begin)

func TestEveryChildIsWaitedForOnce(t *testing.T) {
	r, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for code := range 50 {
		all.Go(func() {
			_, ended, err := r.Start(start("(exit 1) & exit "+string(rune('0'+code%10))), Stay)
			if err != nil {
				t.Error(err)
				return
			}
			if e := <-ended; e.Status.ExitStatus() != code%10 {
				t.Errorf("%d in place of %d", e.Status.ExitStatus(), code%10)
			}
		})
	}
	all.Wait()
	pid, ended, err := r.Start(start("exec sleep 1000"), Stay)
	if err != nil {
		t.Fatal(err)
	}
	r.Kill(pid, unix.SIGTERM)
	if e := <-ended; e.Status.Signal() != unix.SIGTERM {
		t.Errorf("%v", e.Status)
	}
	r.Kill(pid, unix.SIGKILL) // it is nobody's any more
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_, ended, err = r.Start(func() (int, error) {
		return syscall.ForkExec("/bin/sh", []string{"sh", "-c", "sleep 1000 & exit 0"}, &syscall.ProcAttr{
			Env: os.Environ(), Files: []uintptr{0, write.Fd(), 2}, Sys: &syscall.SysProcAttr{Setsid: true},
		})
	}, End)
	if err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	<-ended
	// The pipe ends only when what was left behind has ended as well.
	if n, err := read.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, _, err := r.Start(func() (int, error) { return 0, os.ErrNotExist }, Stay); err == nil {
		t.Error("what cannot start has started")
	}
}
