package blocktest

import (
	"fmt"

	"github.com/spurboot/spur/block"
)

func testExtents(s *suite) {
	s.ranges(s.checkExtents)
	for range 50 {
		s.checkExtents(s.someRange(s.size()))
	}
	s.checkExtents(s.size(), 0)
}

func testExtentsOfChanges(s *suite) {
	for i := range 30 {
		off, n := s.someRange(100000)
		switch i % 4 {
		case 0, 1:
			s.write(off, s.noise(n), 0)
		case 2:
			s.zero(off, n, block.ZeroFlags(s.rand.IntN(4)))
		case 3:
			s.must("trim", s.dev.Trim(s.ctx, off, n))
			s.trimmed(s.dev.Caps(), off, s.read(off, n))
		}
		s.checkExtents(0, s.size())
		s.checkExtents(s.someRange(s.size()))
	}
}

// checkExtents asks for the extents of a range: they must be consecutive, not
// empty, cover it exactly, and call a hole only what is zero, and zero only what
// is.
func (s *suite) checkExtents(off, n int64) {
	s.Helper()
	if err := extentsFit(s.dev, off, n, s.want, s.extents); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) extents(off, n int64, yield func(block.Extent) bool) error {
	return s.dev.Extents(s.ctx, off, n, yield)
}

func extentsFit(d block.Device, off, n int64, want []byte, extents func(off, n int64, yield func(block.Extent) bool) error) error {
	var wrong error
	at, count := off, 0
	caps := d.Caps()
	err := extents(off, n, func(e block.Extent) bool {
		count++
		wrong = extentFits(e, at, off+n, want, caps)
		at += e.Length
		return wrong == nil
	})
	switch {
	case wrong != nil:
		return fmt.Errorf("extents of %d bytes at %d: %w", n, off, wrong)
	case err != nil:
		return fmt.Errorf("extents of %d bytes at %d: %w", n, off, err)
	case at != off+n:
		return fmt.Errorf("extents of %d bytes at %d end at %d", n, off, at)
	}
	return stops(off, n, count, extents)
}

func extentFits(e block.Extent, at, end int64, want []byte, caps block.Caps) error {
	if e.Offset != at || e.Length <= 0 || e.Length > end-at {
		return fmt.Errorf("%+v where one from %d up to %d was due", e, at, end)
	}
	if !caps.Extents && (e.Hole || e.Zero) {
		return fmt.Errorf("%+v of a device that says it knows nothing", e)
	}
	if e.Hole && !e.Zero {
		return fmt.Errorf("%+v is a hole, and not zero", e)
	}
	if e.Zero && !allZero(want[at:at+e.Length]) {
		return fmt.Errorf("%+v is called zero, but is %.64x…", e, want[at:at+e.Length])
	}
	return nil
}

// stops checks that no extent comes after the one that was refused.
func stops(off, n int64, count int, extents func(off, n int64, yield func(block.Extent) bool) error) error {
	if count < 2 {
		return nil
	}
	seen := 0
	err := extents(off, n, func(block.Extent) bool { seen++; return false })
	if err != nil || seen != 1 {
		return fmt.Errorf("extents of %d bytes at %d: %d extents and %w after the first was refused", n, off, seen, err)
	}
	return nil
}
