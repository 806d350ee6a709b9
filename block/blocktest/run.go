package blocktest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/spurboot/spur/block"
)

// smallest is the smallest device, in bytes, on which the suite works.
const smallest = 128 << 10

// Run holds the devices that open makes to the contract. Each is of 128 KiB to
// 64 MiB, better small, with any bytes on it, and is closed by the suite. A
// hundred and more are opened, one after the other.
func Run(t *testing.T, open func(t *testing.T) block.Device) {
	t.Run("Caps", func(t *testing.T) { testCaps(begin(t, open)) })
	t.Run("Read", func(t *testing.T) { testRead(begin(t, open)) })
	t.Run("Outside", func(t *testing.T) { testOutside(begin(t, open)) })
	t.Run("Cancelled", func(t *testing.T) { testCancelled(begin(t, open)) })
	t.Run("Extents", func(t *testing.T) { testExtents(begin(t, open)) })
	t.Run("Readers", func(t *testing.T) { testReaders(begin(t, open)) })
	t.Run("Model", func(t *testing.T) { testModel(t, open) })
	t.Run("Flush", func(t *testing.T) { testFlush(begin(t, open)) })
	if readOnly(t, open) {
		t.Run("ReadOnly", func(t *testing.T) { testReadOnly(begin(t, open)) })
		return
	}
	t.Run("Write", func(t *testing.T) { testWrite(begin(t, open)) })
	t.Run("Overlap", func(t *testing.T) { testOverlap(begin(t, open)) })
	t.Run("Trim", func(t *testing.T) { testTrim(begin(t, open)) })
	t.Run("Zero", func(t *testing.T) { testZero(begin(t, open)) })
	t.Run("ExtentsOfChanges", func(t *testing.T) { testExtentsOfChanges(begin(t, open)) })
	t.Run("Neighbours", func(t *testing.T) { testNeighbours(begin(t, open)) })
	t.Run("Race", func(t *testing.T) { testRace(begin(t, open)) })
}

// Persistent holds a device to keeping what was flushed, or written with FUA:
// create makes it, reopen opens again what was closed.
func Persistent(t *testing.T, create, reopen func(t *testing.T) block.Device) {
	s := begin(t, create)
	for round := range 3 {
		for range 20 {
			off, n := s.someRange(96 << 10)
			s.write(off, s.noise(n), block.FUA*block.WriteFlags(round&1))
			off, n = s.someRange(48 << 10)
			s.zero(off, n, block.ZeroFlags(s.rand.IntN(4)))
		}
		s.must("flush", s.dev.Flush(s.ctx))
		s.must("close", s.dev.Close())
		s.dev = reopen(t)
		s.same(fmt.Sprintf("opened again for the %d. time", round+1))
	}
}

func readOnly(t *testing.T, open func(t *testing.T) block.Device) bool {
	t.Helper()
	d := open(t)
	defer func() { _ = d.Close() }()
	return d.Caps().ReadOnly
}

// suite is one test's device, and what must be on it.
type suite struct {
	*testing.T
	ctx  context.Context
	dev  block.Device
	want []byte
	rand *rand.Rand
}

func begin(t *testing.T, open func(t *testing.T) block.Device) *suite {
	t.Helper()
	s := &suite{T: t, ctx: t.Context(), dev: open(t), rand: rand.New(rand.NewPCG(1, 2))}
	t.Cleanup(func() {
		if err := s.dev.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	size := s.dev.Size()
	if size < smallest || size > 64<<20 {
		t.Fatalf("a device of %d bytes; the suite needs 128 KiB to 64 MiB", size)
	}
	s.want = make([]byte, size)
	s.must("read all", s.dev.Read(s.ctx, s.want, 0))
	return s
}

func (s *suite) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

func (s *suite) size() int64 { return int64(len(s.want)) }

// noise is n bytes without a zero among them, so that what was zeroed by
// mistake shows.
func (s *suite) noise(n int64) []byte {
	const odd = 0x0101010101010101
	p := make([]byte, n+7)
	for i := int64(0); i < n; i += 8 {
		binary.LittleEndian.PutUint64(p[i:], s.rand.Uint64()|odd)
	}
	return p[:n]
}

// someRange is a range of up to most bytes, odd or even, often at the end.
func (s *suite) someRange(most int64) (off, n int64) {
	n = 1 + s.rand.Int64N(min(most, s.size()))
	off = s.rand.Int64N(s.size() - n + 1)
	switch s.rand.IntN(4) {
	case 0:
		off &^= 4095
	case 1:
		off = s.size() - n
	}
	return off, n
}

func (s *suite) write(off int64, p []byte, flags block.WriteFlags) {
	s.Helper()
	kept := bytes.Clone(p)
	s.must(fmt.Sprintf("write %d bytes at %d", len(p), off), s.dev.Write(s.ctx, p, off, flags))
	if !bytes.Equal(p, kept) {
		s.Fatalf("write %d bytes at %d changed its caller's bytes", len(p), off)
	}
	copy(s.want[off:], p)
}

func (s *suite) zero(off, n int64, flags block.ZeroFlags) {
	s.Helper()
	s.must(fmt.Sprintf("zero %d bytes at %d", n, off), s.dev.Zero(s.ctx, off, n, flags))
	clear(s.want[off : off+n])
}

func (s *suite) read(off, n int64) []byte {
	s.Helper()
	p := bytes.Repeat([]byte{0xA5}, int(n))
	s.must(fmt.Sprintf("read %d bytes at %d", n, off), s.dev.Read(s.ctx, p, off))
	return p
}

// same compares the whole device with what must be on it.
func (s *suite) same(when string) {
	s.Helper()
	s.equal(when, s.read(0, s.size()), s.want, 0)
}

func (s *suite) equal(when string, got, want []byte, off int64) {
	s.Helper()
	if at, differs := difference(got, want); differs {
		s.Fatalf("%s: byte %d is %#02x, not %#02x", when, off+at, got[at], want[at])
	}
}

func difference(a, b []byte) (at int64, differs bool) {
	if bytes.Equal(a, b) {
		return 0, false
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int64(i), true
		}
	}
	return int64(min(len(a), len(b))), true
}
