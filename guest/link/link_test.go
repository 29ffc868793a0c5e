package link

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestAPortIsFoundByItsName(t *testing.T) {
	directory := t.TempDir()
	for port, name := range map[string]string{"vport1p1": "bulk.0\n", "vport1p2": "agent.0\n"} {
		if err := os.MkdirAll(filepath.Join(directory, port), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, port, "name"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := findPort(directory, "agent.0"); err != nil || found != "/dev/vport1p2" {
		t.Errorf("%s, %v", found, err)
	}
	if _, err := findPort(directory, "agent"); err == nil {
		t.Error("a port that is not there was found")
	}
}

func TestASocketGivesOneChannelAfterTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "link")
	l, err := Open("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		dialled, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		channel, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		_ = dialled.Close()
		if _, err := channel.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		_ = channel.Close()
	}
}

func TestStandardStreamsAreOneChannel(t *testing.T) {
	l, err := Open("stdio")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Next(); err != nil {
		t.Error(err)
	}
	if _, err := l.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestALinkThatIsNoneIsRefused(t *testing.T) {
	for _, name := range []string{"", "tcp:1", "vsock:x"} {
		if _, err := Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}
