// Package renew gives a guest the time and the chance of its host: what was frozen with it is the same in every clone.
package renew

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"caisson/guest/message"
)

// Clock sets the wall clock.
func Clock(seconds, nanos message.Count) error {
	at := unix.NsecToTimespec(int64(seconds)*int64(time.Second) + int64(nanos))
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &at); err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	return nil
}

// The kernel's requests for its generator; the size of the header of the first one's argument is part of its number.
const (
	addEntropy = 0x40085203
	reseed     = 0x5207
)

// Generator is the kernel's. It stays open, so that a guest that goes on needs not look for it.
type Generator struct{ descriptor uintptr }

// OpenGenerator opens the kernel's generator for as long as this process lives.
func OpenGenerator() (*Generator, error) {
	descriptor, err := unix.Open("/dev/urandom", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the generator: %w", err)
	}
	return &Generator{descriptor: uintptr(descriptor)}, nil
}

// Mix gives the generator bytes that count as chance, and lets it go on from a new seed.
func (g *Generator) Mix(bytes []byte) error {
	pool := binary.NativeEndian.AppendUint32(nil, uint32(8*len(bytes)))
	pool = binary.NativeEndian.AppendUint32(pool, uint32(len(bytes)))
	pool = append(pool, bytes...)
	if err := request(g.descriptor, addEntropy, pool); err != nil {
		return fmt.Errorf("add entropy: %w", err)
	}
	if err := request(g.descriptor, reseed, nil); err != nil {
		return fmt.Errorf("seed the generator: %w", err)
	}
	return nil
}

// Hostname gives the guest another name.
func Hostname(name string) error {
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	return nil
}

// Sample draws from the kernel's generator.
func Sample(bytes int) []byte {
	sample := make([]byte, bytes)
	_, _ = rand.Read(sample) // never fails
	return sample
}
