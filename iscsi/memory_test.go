package iscsi

import (
	"context"
	"sync"

	"github.com/spurboot/spur/block"
)

// memory is a device of pages that come into being when they are written.
type memory struct {
	mu    sync.RWMutex
	size  int64
	pages map[int64]*[pageSize]byte
	caps  block.Caps
	// wait, where it isn't nil, holds up every Write until it is closed or
	// the context ends.
	wait chan struct{}
}

const pageSize = 512

func newMemory(size int64) *memory {
	return &memory{size: size, pages: map[int64]*[pageSize]byte{}, caps: block.Caps{
		BlockSize: pageSize, Trim: true, TrimZeroes: true, Zero: true, FUA: true, Extents: true,
	}}
}

func (m *memory) Size() int64      { return m.size }
func (m *memory) Caps() block.Caps { return m.caps }
func (m *memory) Close() error     { return nil }

func (m *memory) Flush(context.Context) error { return nil }

func (m *memory) Read(_ context.Context, p []byte, off int64) error {
	if err := block.CheckRange(off, int64(len(p)), m.size); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for len(p) > 0 {
		at := off % pageSize
		n := min(int64(len(p)), pageSize-at)
		if page := m.pages[off/pageSize]; page != nil {
			copy(p[:n], page[at:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+n
	}
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
	for len(p) > 0 {
		at := off % pageSize
		n := min(int64(len(p)), pageSize-at)
		page := m.pages[off/pageSize]
		if page == nil {
			page = new([pageSize]byte)
			m.pages[off/pageSize] = page
		}
		copy(page[at:], p[:n])
		p, off = p[n:], off+n
	}
	return nil
}

func (m *memory) Trim(ctx context.Context, off, n int64) error { return m.Zero(ctx, off, n, 0) }

func (m *memory) Zero(_ context.Context, off, n int64, flags block.ZeroFlags) error {
	if err := block.CheckRange(off, n, m.size); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for n > 0 {
		at := off % pageSize
		part := min(n, pageSize-at)
		switch page := m.pages[off/pageSize]; {
		case part == pageSize && flags&block.NoHole == 0:
			delete(m.pages, off/pageSize)
		case page != nil:
			clear(page[at : at+part])
		case flags&block.NoHole != 0:
			m.pages[off/pageSize] = new([pageSize]byte)
		}
		off, n = off+part, n-part
	}
	return nil
}

func (m *memory) Extents(_ context.Context, off, n int64, yield func(block.Extent) bool) error {
	if err := block.CheckRange(off, n, m.size); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for n > 0 {
		part := min(n, pageSize-off%pageSize)
		hole := m.pages[off/pageSize] == nil
		if !yield(block.Extent{Offset: off, Length: part, Hole: hole, Zero: hole}) {
			return nil
		}
		off, n = off+part, n-part
	}
	return nil
}
