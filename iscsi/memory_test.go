package iscsi

import (
	"context"
	"errors"
	"sync"

	"github.com/spurboot/spur/block"
)

// memory is a device of pieces that come into being when they are written.
type memory struct {
	mu     sync.RWMutex
	size   int64
	pieces []*piece
	caps   block.Caps
	// wait, where it isn't nil, holds up every Write until it is closed or
	// the context ends.
	wait chan struct{}
	// fails, where it isn't 0, is from where on nothing can be read.
	fails int64
}

// piece is a part of the device. What has no page of its own is zero.
type piece struct {
	data  [pieceSize]byte
	pages [pieceSize / pageSize]bool
}

const (
	pageSize  = 512
	pieceSize = 64 << 10
)

func newMemory(size int64) *memory {
	return &memory{size: size, pieces: make([]*piece, (size+pieceSize-1)/pieceSize), caps: block.Caps{
		BlockSize: pageSize, Trim: true, TrimZeroes: true, Zero: true, FUA: true, Extents: true,
	}}
}

// each calls do for the part of every piece that n bytes from off touch.
func (m *memory) each(off, n int64, do func(p *piece, at, from, to int64)) {
	for end := off + n; off < end; {
		at, from := off/pieceSize, off%pieceSize
		to := min(pieceSize, from+end-off)
		do(m.pieces[at], at, from, to)
		off += to - from
	}
}

// own says which pages from to to have space of their own.
func (p *piece) own(from, to int64, is bool) {
	for i := from / pageSize; i*pageSize < to; i++ {
		p.pages[i] = is
	}
}

func (m *memory) Size() int64      { return m.size }
func (m *memory) Caps() block.Caps { return m.caps }
func (m *memory) Close() error     { return nil }

func (m *memory) Flush(context.Context) error { return nil }

func (m *memory) Read(_ context.Context, p []byte, off int64) error {
	if err := block.CheckRange(off, int64(len(p)), m.size); err != nil {
		return err
	}
	if m.fails != 0 && off >= m.fails {
		return errors.New("a bad sector")
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.each(off, int64(len(p)), func(piece *piece, _, from, to int64) {
		if piece == nil {
			clear(p[:to-from])
		} else {
			copy(p, piece.data[from:to])
		}
		p = p[to-from:]
	})
	return nil
}

func (m *memory) Write(ctx context.Context, p []byte, off int64, _ block.WriteFlags) error {
	if err := block.CheckRange(off, int64(len(p)), m.size); err != nil {
		return err
	}
	if m.wait != nil {
		select {
		case <-m.wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.each(off, int64(len(p)), func(to *piece, at, from, end int64) {
		if to == nil {
			to = new(piece)
			m.pieces[at] = to
		}
		to.own(from, end, true)
		p = p[copy(to.data[from:end], p):]
	})
	return nil
}

func (m *memory) Trim(ctx context.Context, off, n int64) error { return m.Zero(ctx, off, n, 0) }

func (m *memory) Zero(_ context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := block.CheckRange(off, n, m.size); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.each(off, n, func(p *piece, at, from, to int64) {
		if p == nil && flags&block.NoHole == 0 {
			return
		}
		if p == nil {
			p = new(piece)
			m.pieces[at] = p
		}
		clear(p.data[from:to])
		if flags&block.NoHole != 0 {
			p.own(from, to, true)
		} else if first, last := (from+pageSize-1)/pageSize*pageSize, to/pageSize*pageSize; first < last {
			p.own(first, last, false) // whole pages
		}
	})
	return nil
}

func (m *memory) Extents(_ context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, m.size); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for end := off + n; off < end; {
		hole, to := m.run(off)
		for to < end {
			same, next := m.run(to)
			if same != hole {
				break
			}
			to = next
		}
		to = min(to, end)
		if !yield(block.Extent{Offset: off, Length: to - off, Hole: hole, Zero: hole}) {
			return nil
		}
		off = to
	}
	return nil
}

// run says whether there is a hole at off, and to where that is known.
func (m *memory) run(off int64) (hole bool, to int64) {
	p := m.pieces[off/pieceSize]
	if p == nil {
		return true, (off/pieceSize + 1) * pieceSize
	}
	return !p.pages[off%pieceSize/pageSize], (off/pageSize + 1) * pageSize
}
