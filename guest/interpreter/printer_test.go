package interpreter

import (
	"strings"
	"testing"
)

type told struct{ stream, text string }

func printing(bytesMax int) (*printer, *[]told) {
	var all []told
	return newPrinter(bytesMax, func(stream, text string) { all = append(all, told{stream, text}) }), &all
}

func TestWhatFollowsInOneStreamIsOnePiece(t *testing.T) {
	p, all := printing(100)
	p.print("stdout", []byte("a"))
	p.print("stdout", []byte("b"))
	p.print("stderr", []byte("c"))
	p.end()
	if len(*all) != 2 || (*all)[0] != (told{"stdout", "ab"}) || (*all)[1] != (told{"stderr", "c"}) {
		t.Errorf("%v", *all)
	}
}

func TestATurnHasSoManyPiecesWheneverTheyAreTold(t *testing.T) {
	p, all := printing(1_000_000)
	for range 2 * piecesMax {
		p.print("stdout", []byte("."))
		p.flush()
	}
	p.end()
	for range piecesMax / 2 {
		p.print("stdout", []byte("o"))
		p.print("stderr", []byte("e"))
	}
	p.flush()
	if told := len(*all); told != 3*piecesMax || p.isMuted {
		t.Errorf("%d pieces, muted: %v", told, p.isMuted)
	}
	p.print("stdout", []byte("o"))
	p.print("stderr", []byte("e"))
	p.end()
	last := (*all)[len(*all)-1]
	if len(*all) != 3*piecesMax+1 || last.text != "\n[output truncated at 16384 pieces]\n" {
		t.Errorf("%q after %d pieces", last.text, len(*all))
	}
}

func TestNoCharacterIsCut(t *testing.T) {
	p, all := printing(100)
	whole := []byte("é\U0001F980")
	for i := range whole {
		p.print("stdout", whole[i:i+1])
		p.flush()
	}
	p.print("stdout", []byte{0xf0, 0x9f})
	p.end()
	var text strings.Builder
	for _, piece := range *all {
		text.WriteString(piece.text)
	}
	if text.String() != "é\U0001F980\ufffd\ufffd" {
		t.Errorf("%q", text.String())
	}
}

func TestWhatIsTooMuchIsDroppedWithOneMark(t *testing.T) {
	for bytesMax, kept := range map[int]string{0: "", 1: "", 2: "é", 3: "é", 4: "éé"} {
		p, all := printing(bytesMax)
		p.print("stdout", []byte("ééé"))
		p.print("stderr", []byte("more"))
		p.end()
		mark := "\n[output truncated at " + string(rune('0'+bytesMax)) + " bytes]\n"
		if len(*all) != 1 || (*all)[0].text != kept+mark {
			t.Errorf("of %d bytes: %q", bytesMax, *all)
		}
	}
}
