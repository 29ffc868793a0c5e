package control

import (
	"os"
	"strconv"
	"testing"
)

func TestAGroupThrashesThatHasNoRoomForTheFilesThatItReads(t *testing.T) {
	before := filesLook{bytes: 300 << 10, reads: 1_000_000}
	for name, c := range map[string]struct {
		now      filesLook
		expected bool
	}{
		"its few files are read again and again":   {filesLook{bytes: 300 << 10, reads: 1_003_000}, true},
		"none is left at the moment":               {filesLook{bytes: 0, reads: 1_000_257}, true},
		"it reads what it needs now":               {filesLook{bytes: 300 << 10, reads: 1_000_100}, false},
		"it reads nothing":                         {filesLook{bytes: 0, reads: 1_000_000}, false},
		"it reads one large file, and has room":    {filesLook{bytes: 1 << 20, reads: 1_900_000}, false},
		"it has read no more often than there are": {filesLook{bytes: 1<<20 - 1, reads: 1_000_500}, false},
	} {
		if found := c.now.isThrashingSince(before); found != c.expected {
			t.Errorf("%s: %t", name, found)
		}
	}
}

func TestWhatIsSeenOfFilesIsWhatTheKernelSays(t *testing.T) {
	said := "anon 165150720\nfile 413696\ninactive_file 131072\nactive_file 282624\nworkingset_refault_anon 0\nworkingset_refault_file 13328\n"
	b := &bounded{directory: groupOf(t, map[string]string{"memory.stat": said}).directory}
	if seen, err := b.look(); err != nil || seen != (filesLook{bytes: 413_696, reads: 13_328}) {
		t.Errorf("%+v, %v", seen, err)
	}
	b.directory = groupOf(t, map[string]string{"memory.stat": "anon 165150720\n"}).directory
	if _, err := b.look(); err == nil || b.isThrashing() {
		t.Errorf("what cannot be read was taken for nothing: %v", err)
	}
}

func TestAGroupThatThrashedHasItsLimitAgain(t *testing.T) {
	g := groupOf(t, map[string]string{"memory.current": "165150720\n", "memory.max": "165150720\n"})
	(&bounded{directory: g.directory, bytes: 165_150_720}).tighten()
	text, err := os.ReadFile(g.directory + "/memory.max")
	if err != nil || string(text) != strconv.Itoa(165_150_720)+"\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestAGroupThatHasRoomAgainKeepsItsLimit(t *testing.T) {
	g := groupOf(t, map[string]string{"memory.current": "20000000\n", "memory.max": "as it was"})
	(&bounded{directory: g.directory, bytes: 165_150_720}).tighten()
	if text, err := os.ReadFile(g.directory + "/memory.max"); err != nil || string(text) != "as it was" {
		t.Errorf("%q, %v", text, err)
	}
}
