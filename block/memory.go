package block

import (
	"context"
	"slices"
	"sync"
)

const (
	memoryChunk   = 64 << 10
	memoryStripes = 64
)

// Memory is a device in memory. Only what was written takes space, in chunks of
// 64 KiB.
type Memory struct {
	size    int64
	stripes [memoryStripes]memoryStripe
}

// memoryStripe holds every memoryStripes-th chunk, so that users of different
// places seldom wait for each other.
type memoryStripe struct {
	sync.RWMutex
	chunks map[int64]*[memoryChunk]byte
}

// NewMemory returns a device of that many bytes, all zero.
func NewMemory(size int64) *Memory {
	m := &Memory{size: max(0, size)}
	for i := range m.stripes {
		m.stripes[i].chunks = make(map[int64]*[memoryChunk]byte)
	}
	return m
}

// Size implements Device.
func (m *Memory) Size() int64 { return m.size }

// Caps implements Device.
func (m *Memory) Caps() Caps {
	return Caps{BlockSize: 4096, Trim: true, TrimZeroes: true, Zero: true, FUA: true, Extents: true}
}

// Read implements Device.
func (m *Memory) Read(ctx context.Context, p []byte, off int64) error {
	return m.each(ctx, off, int64(len(p)), func(s *memoryStripe, i, from, to int64) {
		part := p[:to-from]
		p = p[to-from:]
		s.RLock()
		defer s.RUnlock()
		if chunk := s.chunks[i]; chunk != nil {
			copy(part, chunk[from:to])
			return
		}
		clear(part)
	})
}

// Write implements Device.
func (m *Memory) Write(ctx context.Context, p []byte, off int64, _ WriteFlags) error {
	return m.each(ctx, off, int64(len(p)), func(s *memoryStripe, i, from, to int64) {
		s.Lock()
		defer s.Unlock()
		copy(s.chunk(i)[from:to], p)
		p = p[to-from:]
	})
}

// Flush implements Device; memory has nothing that is more durable.
func (m *Memory) Flush(ctx context.Context) error { return ctx.Err() }

// Trim implements Device.
func (m *Memory) Trim(ctx context.Context, off, n int64) error { return m.Zero(ctx, off, n, 0) }

// Zero implements Device.
func (m *Memory) Zero(ctx context.Context, off, n int64, flags ZeroFlags) error {
	return m.each(ctx, off, n, func(s *memoryStripe, i, from, to int64) {
		s.Lock()
		defer s.Unlock()
		switch {
		case flags&NoHole != 0:
			clear(s.chunk(i)[from:to])
		case from == 0 && to == memoryChunk:
			delete(s.chunks, i)
		case s.chunks[i] != nil:
			clear(s.chunks[i][from:to])
		}
	})
}

// Extents implements Device: chunks that were never written are holes.
func (m *Memory) Extents(ctx context.Context, off, n int64, yield func(Extent) bool) error {
	if err := begin(ctx, off, n, m.size); err != nil {
		return err
	}
	join := joiner{at: off, yield: yield}
	for _, i := range m.allocated(off, n) {
		start := max(off, i*memoryChunk)
		join.add(start-join.end(), true)
		join.add(min(off+n, i*memoryChunk+min(memoryChunk, m.size-i*memoryChunk))-start, false)
	}
	join.add(off+n-join.end(), true)
	join.flush()
	return nil
}

// Close implements Device.
func (m *Memory) Close() error { return nil }

// each visits the chunks that a range touches.
func (m *Memory) each(ctx context.Context, off, n int64, visit func(s *memoryStripe, i, from, to int64)) error {
	if err := begin(ctx, off, n, m.size); err != nil {
		return err
	}
	for n > 0 {
		i, from := off/memoryChunk, off%memoryChunk
		to := min(memoryChunk, from+n)
		visit(&m.stripes[i%memoryStripes], i, from, to)
		off, n = off+to-from, n-(to-from)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// chunk returns the chunk with that index, made where it is missing. The stripe
// is locked.
func (s *memoryStripe) chunk(i int64) *[memoryChunk]byte {
	if s.chunks[i] == nil {
		s.chunks[i] = new([memoryChunk]byte)
	}
	return s.chunks[i]
}

// allocated lists the chunks there are in a range, in order.
func (m *Memory) allocated(off, n int64) []int64 {
	var found []int64
	for s := range m.stripes {
		stripe := &m.stripes[s]
		stripe.RLock()
		for i := range stripe.chunks {
			if start := i * memoryChunk; start < off+n && start+memoryChunk > off {
				found = append(found, i)
			}
		}
		stripe.RUnlock()
	}
	slices.Sort(found)
	return found
}
