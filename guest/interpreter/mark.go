package interpreter

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// mark begins a piece of standard error that is written to the pipe of standard output, where it has its place among what else is
// written there. The length of the piece follows, and then the piece. All of it is no longer than what a pipe takes as a whole.
type mark []byte

const markLengthBytes = 2

// newMark makes a mark that nobody prints by chance: it is no text, and each interpreter has another.
func newMark() mark {
	m := binary.BigEndian.AppendUint64(nil, rand.Uint64())
	m[0] = 0xff
	return m
}

// split tells the two streams apart.
func (m mark) split(content []byte, take func(stream string, bytes []byte)) {
	for len(content) > 0 {
		output, rest, isMarked := bytes.Cut(content, m)
		if len(output) > 0 {
			take("stdout", output)
		}
		if !isMarked || len(rest) < markLengthBytes {
			return
		}
		piece := rest[markLengthBytes:]
		length := min(int(binary.LittleEndian.Uint16(rest)), len(piece))
		if length > 0 {
			take("stderr", piece[:length])
		}
		content = piece[length:]
	}
}
