package blocktest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/spurboot/spur/block"
)

// together runs n functions at once and reports their errors.
func (s *suite) together(n int, run func(i int, r *rand.Rand) error) {
	s.Helper()
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = run(i, rand.New(rand.NewPCG(uint64(i), 3))) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			s.Fatal(err)
		}
	}
}

func testReaders(s *suite) {
	s.together(8, func(_ int, r *rand.Rand) error {
		for range 40 {
			n := 1 + r.Int64N(30000)
			off := r.Int64N(s.size() - n)
			p := make([]byte, n)
			if err := s.dev.Read(s.ctx, p, off); err != nil {
				return err
			}
			if at, differs := difference(p, s.want[off:off+n]); differs {
				return fmt.Errorf("byte %d is %#02x, not %#02x", off+at, p[at], s.want[off+at])
			}
		}
		return nil
	})
}

// testNeighbours has many writers at once, each with bytes of its own between
// those of others: none may undo another's, though they share sectors and
// clusters.
func testNeighbours(s *suite) {
	const writers, piece = 8, 700
	s.zero(0, s.size(), 0)
	count := s.size() / piece
	s.together(writers, func(w int, r *rand.Rand) error {
		p := bytes.Repeat([]byte{byte(w + 1)}, piece)
		for i := int64(w); i < min(count, 400); i += writers {
			off := i * piece
			if err := s.dev.Write(s.ctx, p, off, block.WriteFlags(r.IntN(8)/7)); err != nil {
				return err
			}
			got := make([]byte, piece)
			if err := s.dev.Read(s.ctx, got, off); err != nil {
				return err
			}
			if at, differs := difference(got, p); differs {
				return fmt.Errorf("byte %d of writer %d reads as %d", off+at, w, got[at])
			}
			copy(s.want[off:], p)
			if r.IntN(8) == 0 {
				if err := s.dev.Zero(s.ctx, off, piece, block.ZeroFlags(r.IntN(2))); err != nil {
					return err
				}
				clear(s.want[off : off+piece])
			}
		}
		return nil
	})
	s.same("after neighbours wrote at once")
}

// testRace has many users of one small place; each sector must end as one of
// them left it.
func testRace(s *suite) {
	const place = 64 << 10
	s.zero(0, s.size(), 0)
	s.together(8, func(w int, r *rand.Rand) error {
		for range 30 {
			n := 512 * (1 + r.Int64N(32))
			off := 512 * r.Int64N((place-n)/512)
			if err := s.disturb(w, r, off, n); err != nil {
				return err
			}
		}
		return nil
	})
	for off := int64(0); off < place; off += 512 {
		got := s.read(off, 512)
		if !bytes.Equal(got, bytes.Repeat(got[:1], 512)) || got[0] > 8 {
			s.Fatalf("the sector at %d is of several writers", off)
		}
	}
	copy(s.want, s.read(0, place))
	s.same("after a race")
}

func (s *suite) disturb(w int, r *rand.Rand, off, n int64) error {
	switch r.IntN(8) {
	case 0:
		return s.dev.Trim(s.ctx, off, n)
	case 1:
		return s.dev.Zero(s.ctx, off, n, block.ZeroFlags(r.IntN(2)))
	case 2:
		return s.dev.Extents(s.ctx, off, n, func(block.Extent) bool { return true })
	case 3:
		return s.dev.Flush(s.ctx)
	case 4:
		return s.dev.Read(s.ctx, make([]byte, n), off)
	}
	return s.dev.Write(s.ctx, bytes.Repeat([]byte{byte(w + 1)}, int(n)), off, 0)
}
