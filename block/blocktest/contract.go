package blocktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/spurboot/spur/block"
)

func testCaps(s *suite) {
	caps := s.dev.Caps()
	if b := caps.BlockSize; b < 512 || b&(b-1) != 0 {
		s.Errorf("block size %d is not a power of two from 512", b)
	}
	if caps != s.dev.Caps() {
		s.Error("the capabilities change")
	}
	if caps.ReadOnly && (caps.Trim || caps.TrimZeroes || caps.Zero || caps.FUA) {
		s.Errorf("a read-only device that changes: %+v", caps)
	}
	if caps.TrimZeroes && !caps.Trim {
		s.Error("trims to zeros, but doesn't trim")
	}
}

// ranges are lengths and places where devices go wrong: around sectors, pages
// and clusters, and at both ends.
func (s *suite) ranges(yield func(off, n int64)) {
	edges := []int64{0, 1, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537}
	for _, n := range edges {
		for _, off := range edges {
			yield(min(off, s.size()-n), n)
		}
		yield(s.size()-n, n)
	}
	yield(0, s.size())
	yield(1, s.size()-2)
}

func testRead(s *suite) {
	s.ranges(func(off, n int64) {
		s.equal(fmt.Sprintf("read %d bytes at %d", n, off), s.read(off, n), s.want[off:off+n], off)
	})
	s.must("read nothing", s.dev.Read(s.ctx, nil, s.size()))
}

func testWrite(s *suite) {
	flags := block.WriteFlags(0)
	s.ranges(func(off, n int64) {
		s.write(off, s.noise(n), flags)
		from, to := max(0, off-5000), min(s.size(), off+n+5000)
		s.equal(fmt.Sprintf("after a write of %d bytes at %d", n, off), s.read(from, to-from), s.want[from:to], from)
		flags ^= block.FUA
	})
	s.same("after all writes")
}

func testOverlap(s *suite) {
	for range 100 {
		off, n := s.someRange(20000)
		s.write(off, s.noise(n), 0)
		off = max(0, off-s.rand.Int64N(3000))
		s.write(off, s.noise(min(n, s.size()-off)), 0)
	}
	s.same("after writes that overlap")
}

func testFlush(s *suite) {
	s.must("flush", s.dev.Flush(s.ctx))
	if !s.dev.Caps().ReadOnly {
		s.write(777, s.noise(5000), 0)
		s.must("flush after a write", s.dev.Flush(s.ctx))
	}
	s.same("after a flush")
}

func testTrim(s *suite) {
	s.write(0, s.noise(s.size()), 0)
	caps := s.dev.Caps()
	s.ranges(func(off, n int64) {
		s.write(off, s.noise(n), 0)
		s.must(fmt.Sprintf("trim %d bytes at %d", n, off), s.dev.Trim(s.ctx, off, n))
		s.trimmed(caps, off, s.read(off, n))
	})
	s.same("after trims")
}

// trimmed takes over what a trimmed range reads as, if it may.
func (s *suite) trimmed(caps block.Caps, off int64, got []byte) {
	s.Helper()
	if allZero(got) {
		clear(s.want[off : off+int64(len(got))])
		return
	}
	for i, b := range got {
		at := off + int64(i)
		if b != 0 && (caps.TrimZeroes || b != s.want[at]) {
			s.Fatalf("trim: byte %d reads as %#02x, was %#02x", at, b, s.want[at])
		}
	}
	copy(s.want[off:], got)
}

func testZero(s *suite) {
	for flags := range block.ZeroFlags(4) {
		s.write(0, s.noise(s.size()), 0)
		s.ranges(func(off, n int64) {
			if n > s.size()/2 {
				return
			}
			s.write(off, s.noise(n), 0)
			s.zero(off, n, flags)
			from, to := max(0, off-5000), min(s.size(), off+n+5000)
			s.equal(fmt.Sprintf("after zeroing %d bytes at %d (flags %d)", n, off, flags), s.read(from, to-from), s.want[from:to], from)
		})
		s.same(fmt.Sprintf("after zeroing with flags %d", flags))
	}
	s.zero(0, s.size(), 0)
	s.same("after zeroing all")
}

// calls runs every method that takes a range.
func (s *suite) calls(ctx context.Context, off, n int64, visit func(name string, changes bool, err error)) {
	visit("trim", true, s.dev.Trim(ctx, off, n))
	visit("zero", true, s.dev.Zero(ctx, off, n, 0))
	visit("zero without a hole", true, s.dev.Zero(ctx, off, n, block.NoHole|block.ZeroFUA))
	visit("extents", false, s.dev.Extents(ctx, off, n, func(e block.Extent) bool {
		s.Errorf("extents of %d bytes at %d: %+v", n, off, e)
		return true
	}))
	if n >= 0 && n <= 1<<20 {
		p := bytes.Repeat([]byte{0xEE}, int(n))
		visit("write", true, s.dev.Write(ctx, p, off, 0))
		visit("write with FUA", true, s.dev.Write(ctx, p, off, block.FUA))
		visit("read", false, s.dev.Read(ctx, p, off))
	}
}

func testOutside(s *suite) {
	const low, high = math.MinInt64, math.MaxInt64
	size := s.size()
	for _, r := range [][2]int64{
		{size, 1}, {size - 1, 2}, {size + 1, 0}, {0, size + 1}, {size - 511, 512}, {-1, 1}, {-1, 0}, {-512, 1024},
		{0, -1}, {512, -512}, {size, -1}, {high, 1}, {high, high}, {low, 1}, {low, low}, {low, high}, {high, low},
		{1, high}, {high, 0}, {low, 0}, {size, high}, {high - 511, 512}, {1 << 40, 512}, {size + 512, 512},
	} {
		s.calls(s.ctx, r[0], r[1], func(name string, changes bool, err error) {
			if changes && s.dev.Caps().ReadOnly && errors.Is(err, block.ErrReadOnly) {
				return
			}
			if !errors.Is(err, block.ErrOutOfRange) {
				s.Errorf("%s %d bytes at %d of %d: %v, not ErrOutOfRange", name, r[1], r[0], size, err)
			}
		})
	}
	s.same("after operations outside")
}

func testCancelled(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	check := func(name string, changes bool, err error) {
		if changes && s.dev.Caps().ReadOnly && errors.Is(err, block.ErrReadOnly) {
			return
		}
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
	s.calls(ctx, 4096, 8192, check)
	if !s.dev.Caps().ReadOnly {
		check("flush", false, s.dev.Flush(ctx))
	}
	s.must("read afterwards", s.dev.Read(s.ctx, make([]byte, 8192), 4096))
}

func testReadOnly(s *suite) {
	s.calls(s.ctx, 0, 0, func(_ string, changes bool, err error) {
		if err != nil && (!changes || !errors.Is(err, block.ErrReadOnly)) {
			s.Errorf("an empty range: %v", err)
		}
	})
	for name, err := range map[string]error{
		"write": s.dev.Write(s.ctx, s.noise(600), 100, 0),
		"trim":  s.dev.Trim(s.ctx, 0, 4096),
		"zero":  s.dev.Zero(s.ctx, 0, 4096, 0),
	} {
		if !errors.Is(err, block.ErrReadOnly) {
			s.Errorf("%s: %v, not ErrReadOnly", name, err)
		}
	}
	s.same("after changes that must be refused")
}
