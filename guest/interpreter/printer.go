package interpreter

import (
	"fmt"
	"unicode/utf8"
)

const (
	// piecesMax is how many pieces a turn may print, however short they are. What follows in one stream is one piece, whenever it
	// is told.
	piecesMax = 16_384
	// heldBytesMax is how much is held back to be told at once.
	heldBytesMax = 32_768
)

// printer is the output of a run. What follows in one stream is joined until it is flushed, and no character is cut. Of more than is
// allowed as much as fits is kept, and a mark stands for the rest, once in a run.
type printer struct {
	tell     func(stream, text string)
	bytesMax int
	bytes    int
	pieces   int
	stream   string
	held     []byte
	partial  map[string][]byte // the beginnings of characters, by their streams
	isMuted  bool
}

func newPrinter(bytesMax int, tell func(stream, text string)) *printer {
	return &printer{tell: tell, bytesMax: bytesMax, partial: map[string][]byte{}}
}

// print takes bytes as they come. It says whether something is held back.
func (p *printer) print(stream string, bytes []byte) bool {
	if p.isMuted {
		return false
	}
	whole := append(p.partial[stream], bytes...)
	end := completeEnd(whole)
	p.partial[stream] = append([]byte(nil), whole[end:]...)
	p.hold(stream, whole[:end])
	return len(p.held) > 0
}

func (p *printer) hold(stream string, bytes []byte) {
	if len(bytes) == 0 || p.isMuted {
		return
	}
	if p.stream != stream {
		p.flush()
		p.stream = stream
		p.pieces++
	}
	text := []byte(toValid(bytes))
	if p.pieces > piecesMax {
		p.cut(fmt.Sprintf("%d pieces", piecesMax))
		return
	}
	if room := p.bytesMax - p.bytes; len(text) > room {
		p.held = append(p.held, text[:fitting(text, room)]...)
		p.cut(fmt.Sprintf("%d bytes", p.bytesMax))
		return
	}
	p.bytes += len(text)
	p.held = append(p.held, text...)
	if len(p.held) >= heldBytesMax {
		p.flush()
	}
}

// cut puts the mark in the place of everything else.
func (p *printer) cut(most string) {
	p.held = append(p.held, fmt.Sprintf("\n[output truncated at %s]\n", most)...)
	p.isMuted = true
	p.flush()
}

// flush tells what is held back.
func (p *printer) flush() {
	if len(p.held) == 0 {
		return
	}
	p.tell(p.stream, string(p.held))
	p.held = p.held[:0]
}

// end tells everything: a turn is over. Characters that have only begun are not waited for.
func (p *printer) end() {
	for _, stream := range []string{"stdout", "stderr"} {
		if partial := p.partial[stream]; len(partial) > 0 {
			delete(p.partial, stream)
			p.hold(stream, partial)
		}
	}
	p.flush()
	p.stream, p.pieces = "", 0
}

func toValid(bytes []byte) string {
	if utf8.Valid(bytes) {
		return string(bytes)
	}
	return string([]rune(string(bytes)))
}

// completeEnd is where a character begins that has not come as a whole, or the end.
func completeEnd(bytes []byte) int {
	for at := len(bytes) - 1; at >= 0 && at >= len(bytes)-utf8.UTFMax+1; at-- {
		if !utf8.RuneStart(bytes[at]) {
			continue
		}
		if utf8.FullRune(bytes[at:]) {
			break
		}
		return at
	}
	return len(bytes)
}

// fitting is the length of the longest beginning that has at most so many bytes and ends with a whole character.
func fitting(text []byte, bytesMax int) int {
	end := max(0, min(bytesMax, len(text)))
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}
