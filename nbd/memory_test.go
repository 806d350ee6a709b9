package nbd

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
)

// memory is a small disk of pages that exist once they are written.
type memory struct {
	mu    sync.RWMutex
	size  int64
	pages map[int64][]byte
	caps  block.Caps
	flush atomic.Int64
}

const page = 4096

func newMemory(size int64) *memory {
	return &memory{size: size, pages: map[int64][]byte{},
		caps: block.Caps{BlockSize: page, Trim: true, TrimZeroes: true, Zero: true, FUA: true, Extents: true}}
}

func (m *memory) Size() int64      { return m.size }
func (m *memory) Caps() block.Caps { return m.caps }
func (m *memory) Close() error     { return nil }

func (m *memory) each(off, n int64, do func(page []byte, at, from, to int64)) {
	for at := off; at < off+n; {
		no, from := at/page, at%page
		to := min(page, from+off+n-at)
		do(m.pages[no], no, from, to)
		at += to - from
	}
}

func (m *memory) Read(ctx context.Context, p []byte, off int64) error {
	if err := block.CheckRange(off, int64(len(p)), m.size); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.each(off, int64(len(p)), func(b []byte, _, from, to int64) {
		if b == nil {
			clear(p[:to-from])
		} else {
			copy(p, b[from:to])
		}
		p = p[to-from:]
	})
	return ctx.Err()
}

func (m *memory) Write(ctx context.Context, p []byte, off int64, _ block.WriteFlags) error {
	if m.caps.ReadOnly {
		return block.ErrReadOnly
	}
	if err := block.CheckRange(off, int64(len(p)), m.size); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.each(off, int64(len(p)), func(b []byte, no, from, to int64) {
		if b == nil {
			b = make([]byte, page)
			m.pages[no] = b
		}
		p = p[copy(b[from:to], p):]
	})
	return ctx.Err()
}

func (m *memory) Flush(context.Context) error {
	m.flush.Add(1)
	return nil
}

func (m *memory) Trim(ctx context.Context, off, n int64) error { return m.Zero(ctx, off, n, 0) }

func (m *memory) Zero(_ context.Context, off, n int64, _ block.ZeroFlags) error {
	if err := block.CheckRange(off, n, m.size); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for no, b := range m.pages {
		from, to := max(off-no*page, 0), min(off+n-no*page, page)
		switch {
		case from >= to:
		case to-from == page:
			delete(m.pages, no)
		default:
			clear(b[from:to])
		}
	}
	return nil
}

func (m *memory) Extents(_ context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, m.size); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for at := off; at < off+n; {
		end := min((at/page+1)*page, off+n)
		hole := m.pages[at/page] == nil
		for end < off+n && (m.pages[end/page] == nil) == hole {
			end = min(end+page, off+n)
		}
		if !yield(block.Extent{Offset: at, Length: end - at, Hole: hole, Zero: hole}) {
			return nil
		}
		at = end
	}
	return nil
}
