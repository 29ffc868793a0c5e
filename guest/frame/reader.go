package frame

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Reason says what stood between frames, or in place of one.
type Reason string

const (
	// Noise is bytes that begin no frame; zeros are nothing.
	Noise Reason = "Noise"
	// Damaged is a frame whose payload is not what its head promised.
	Damaged Reason = "Damaged"
	// Unknown is a frame of a kind that this version does not know.
	Unknown Reason = "Unknown"
)

// BrokenError is returned in place of a frame. The reader goes on behind it.
type BrokenError struct {
	Reason Reason
	Bytes  int
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("%s of %d bytes in place of a frame", e.Reason, e.Bytes)
}

// Reader reads frames from a channel, wherever that begins.
//
// After a head that can be believed its payload is passed over as a whole: no frame is ever found inside of another one.
// Memory is bounded by one frame, since a head with a greater length is none.
type Reader struct {
	from *bufio.Reader
}

// NewReader makes a reader, which reads ahead.
func NewReader(from io.Reader) *Reader {
	return &Reader{from: bufio.NewReaderSize(from, BytesMax)}
}

// Next returns the next frame, or a *BrokenError for what stands in its place, or the error of the channel.
func (r *Reader) Next() (Frame, error) {
	noise := 0
	for {
		h, err := r.peekHead()
		if err == nil {
			if noise > 0 {
				return Frame{}, &BrokenError{Noise, noise}
			}
			return r.finish(h)
		}
		if !errors.Is(err, errNoHead) {
			return Frame{}, r.end(err, noise)
		}
		skipped, err := r.skip()
		if err != nil {
			return Frame{}, err
		}
		noise += skipped
		// Whoever waits behind noise is told of it before more comes.
		if noise > 0 && r.from.Buffered() == 0 {
			return Frame{}, &BrokenError{Noise, noise}
		}
	}
}

// skip passes over one byte and all behind it that begin no head, and counts those that are not zero.
func (r *Reader) skip() (int, error) {
	held, err := r.from.Peek(r.from.Buffered())
	if err != nil {
		return 0, err
	}
	end := len(held)
	if next := bytes.IndexByte(held[1:], magic[0]); next >= 0 {
		end = 1 + next
	}
	noise := end - bytes.Count(held[:end], []byte{0})
	_, err = r.from.Discard(end)
	return noise, err
}

var errNoHead = errors.New("no frame begins here")

// peekHead looks at the head of a frame without taking it.
func (r *Reader) peekHead() (head, error) {
	for n := 1; n <= len(magic); n++ {
		begin, err := r.from.Peek(n)
		if err != nil {
			return head{}, err
		}
		if begin[n-1] != magic[n-1] {
			return head{}, errNoHead
		}
	}
	b, err := r.from.Peek(HeadBytes)
	if err != nil {
		return head{}, err
	}
	h, ok := decodeHead(b)
	if !ok {
		return head{}, errNoHead
	}
	return h, nil
}

func (r *Reader) finish(h head) (Frame, error) {
	if _, err := r.from.Discard(HeadBytes); err != nil {
		return Frame{}, err
	}
	payload := make([]byte, h.payloadBytes)
	if _, err := io.ReadFull(r.from, payload); err != nil {
		return Frame{}, err
	}
	size := HeadBytes + len(payload)
	if crc32.ChecksumIEEE(payload) != h.payloadChecksum {
		return Frame{}, &BrokenError{Damaged, size}
	}
	if h.Kind < Hello || h.Kind > Fault {
		return Frame{}, &BrokenError{Unknown, size}
	}
	h.Frame.Payload = payload
	return h.Frame, nil
}

// end tells of noise before the end of the channel, which comes again with the next call.
func (r *Reader) end(err error, noise int) error {
	if noise > 0 {
		return &BrokenError{Noise, noise}
	}
	return err
}
