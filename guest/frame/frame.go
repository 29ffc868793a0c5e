// Package frame cuts a byte channel into frames. It says the same as src/guest/wire/Frame.ts, and both are held to
// test/fixtures/frames.
package frame

import (
	"encoding/binary"
	"hash/crc32"
)

// Kind is what a frame is about.
type Kind uint8

// The kinds, by their numbers on the wire. Hello, Ping, Open and Reset come from the host; Welcome, Pong, Result and Fault from the
// agent; the rest from both.
const (
	Hello Kind = iota + 1
	Welcome
	Ping
	Pong
	Open
	Data
	End
	Credit
	Note
	Result
	Reset
	Fault
)

// Lane tells the bytes of a stream apart: Input comes from the host, Output and Errors from the guest.
type Lane uint8

const (
	Input Lane = iota
	Output
	Errors
)

const (
	HeadBytes    = 28
	PayloadMax   = 65_536
	BytesMax     = HeadBytes + PayloadMax
	ChunkMax     = 16_384
	Window       = 131_072
	creditBytes  = 8
	checkedBytes = 24
)

var magic = [4]byte{'C', 'S', 'N', '1'}

// Frame is one frame. Stream 0 is the connection itself.
type Frame struct {
	Kind     Kind
	Lane     Lane
	Epoch    uint16
	Stream   uint32
	Sequence uint32
	Payload  []byte
}

type head struct {
	Frame
	payloadBytes    uint32
	payloadChecksum uint32
}

// Append writes a frame behind dst. Its payload has at most PayloadMax bytes, which is the caller's to see to.
func Append(dst []byte, f Frame) []byte {
	start := len(dst)
	dst = append(dst, magic[:]...)
	dst = append(dst, byte(f.Kind), byte(f.Lane))
	dst = binary.LittleEndian.AppendUint16(dst, f.Epoch)
	dst = binary.LittleEndian.AppendUint32(dst, f.Stream)
	dst = binary.LittleEndian.AppendUint32(dst, f.Sequence)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.Payload)))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(f.Payload))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
	return append(dst, f.Payload...)
}

// decodeHead reads the head at the beginning of HeadBytes bytes, if it can be believed.
func decodeHead(b []byte) (head, bool) {
	if [4]byte(b[:4]) != magic || binary.LittleEndian.Uint32(b[checkedBytes:]) != crc32.ChecksumIEEE(b[:checkedBytes]) {
		return head{}, false
	}
	h := head{
		Frame: Frame{
			Kind:     Kind(b[4]),
			Lane:     Lane(b[5]),
			Epoch:    binary.LittleEndian.Uint16(b[6:]),
			Stream:   binary.LittleEndian.Uint32(b[8:]),
			Sequence: binary.LittleEndian.Uint32(b[12:]),
		},
		payloadBytes:    binary.LittleEndian.Uint32(b[16:]),
		payloadChecksum: binary.LittleEndian.Uint32(b[20:]),
	}
	return h, h.payloadBytes <= PayloadMax && h.Lane <= Errors
}

// EncodeCredit makes the payload of a credit: the receiver has taken so many bytes of a lane, since its beginning.
func EncodeCredit(taken uint64) []byte {
	return binary.LittleEndian.AppendUint64(nil, taken)
}

// DecodeCredit reads the payload of a credit.
func DecodeCredit(payload []byte) (uint64, bool) {
	if len(payload) != creditBytes {
		return 0, false
	}
	return binary.LittleEndian.Uint64(payload), true
}
