package interpreter

import (
	"slices"
	"testing"
)

func TestMarkedPiecesAreErrorsAndAllElseIsOutput(t *testing.T) {
	m := mark{0xff, 1, 2}
	errors := func(length byte, piece string) string { return string(m) + string([]byte{length, 0}) + piece }
	for content, expected := range map[string][]told{
		"":           nil,
		"a\xff\x01b": {{"stdout", "a\xff\x01b"}},
		"a" + errors(2, "bc") + "d" + errors(1, "e"): {{"stdout", "a"}, {"stderr", "bc"}, {"stdout", "d"}, {"stderr", "e"}},
		errors(0, "") + "a":                          {{"stdout", "a"}},
		errors(3, string(m)) + errors(1, "a"):        {{"stderr", string(m)}, {"stderr", "a"}},
		"a" + string(m):                              {{"stdout", "a"}},
		"a" + errors(9, "bc"):                        {{"stdout", "a"}, {"stderr", "bc"}},
	} {
		var all []told
		m.split([]byte(content), func(stream string, bytes []byte) { all = append(all, told{stream, string(bytes)}) })
		if !slices.Equal(all, expected) {
			t.Errorf("%q is %q", content, all)
		}
	}
}
