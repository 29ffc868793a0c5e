package boot

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTheTemplateIsReadFromTheCommandLine(t *testing.T) {
	for line, template := range map[string]string{
		"quiet caisson.template=python-data-analysis panic=-1\n": "python-data-analysis",
		"caisson.template=": "",
		"quiet\n":           "",
	} {
		if m := machineOf(line); m.Template != template {
			t.Errorf("%q gives %q", line, m.Template)
		}
	}
}

func TestADiskIsFoundByItsSerial(t *testing.T) {
	blocks := t.TempDir()
	for name, serial := range map[string]string{"vda": "upper\n", "vdb": "base", "vdc": "based"} {
		directory := filepath.Join(blocks, name)
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, "serial"), []byte(serial), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for serial, device := range map[string]string{"base": "/dev/vdb", "upper": "/dev/vda"} {
		if found, err := findDisk(blocks, serial); err != nil || found != device {
			t.Errorf("%s is %s, %v", serial, found, err)
		}
	}
}

func TestModulesThatAreNotListedAreNotLoaded(t *testing.T) {
	if err := loadModules(t.TempDir()); err != nil {
		t.Errorf("without a list: %v", err)
	}
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "order"), []byte("none.ko\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := loadModules(directory); err == nil || !strings.Contains(err.Error(), "none.ko") {
		t.Errorf("with one that is missing: %v", err)
	}
}

const inside = "CAISSON_TEST_INSIDE"

// The rest is done by this program again, as the first process of namespaces of its own.
func TestLayersBecomeTheRoot(t *testing.T) {
	if os.Getenv(inside) != "" {
		enterLayers(t, os.Getenv(inside))
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("mounting takes a privilege")
	}
	again := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), inside+"="+t.TempDir())
	again.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS}
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func enterLayers(t *testing.T, directory string) {
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	base := filepath.Join(directory, "base")
	l := Layers{
		Base:  mount{"tmpfs", base, "tmpfs", unix.MS_NODEV, "", 0o755},
		Upper: mount{"tmpfs", filepath.Join(directory, "upper"), "tmpfs", unix.MS_NODEV, "", 0o755},
		Root:  filepath.Join(directory, "root"),
	}
	must(t, l.Base.do())
	must(t, os.WriteFile(filepath.Join(base, "of-the-base"), []byte("base"), 0o644))
	l.Base = mount{"", base, "", unix.MS_REMOUNT | unix.MS_RDONLY, "", 0o755}
	must(t, l.stack())
	must(t, mountAll([]mount{{"proc", "/proc", "proc", strict, "", 0o555}}))
	must(t, l.enter())
	must(t, os.WriteFile("/of-the-base", []byte("changed"), 0o644))
	if _, err := os.Stat(directory); err == nil {
		t.Error("what was the root before can still be reached")
	}
	must(t, mountAll(late[:4]))
	must(t, furnish(1000, 1000))
	must(t, loopback())
	if err := confine(); errors.Is(err, unix.ENOTSUP) {
		t.Log("the race detector brings C, with which not every thread can be reached")
	} else {
		must(t, err)
		confined(t)
	}
	for path, mode := range map[string]os.FileMode{"/tmp": 0o777 | os.ModeSticky, Outputs: 0o755, "/workspace": 0o755} {
		stat, err := os.Stat(path)
		must(t, err)
		if stat.Mode()&^os.ModeDir != mode {
			t.Errorf("%s has the mode %v", path, stat.Mode())
		}
	}
}

func confined(t *testing.T) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	if !strings.Contains(string(status), "NoNewPrivs:\t1") {
		t.Error("new privileges can be had")
	}
}

func TestGuestCodeHasWhatIsFreeButForAReserve(t *testing.T) {
	const text = "MemTotal:         223604 kB\nMemFree:          148072 kB\nMemAvailable:     170412 kB\nBuffers: 0 kB\n"
	if bytes := available(text); bytes != 170_412<<10 {
		t.Errorf("%d bytes are available", bytes)
	}
	for free, guest := range map[uint64]uint64{0: 0, 40 << 20: 30 << 20, 128 << 20: 96 << 20, 1 << 30: 992 << 20} {
		if bytes := guestBytes(free); bytes != guest {
			t.Errorf("of %d bytes guest code has %d", free, bytes)
		}
	}
}
