package qcow2

import "math/bits"

const (
	// maxSlice is how much of a table is read at once.
	maxSlice = 4096
	sector   = 512
)

// slice is a part of an L2 table or of a refcount block, in memory.
type slice struct {
	off        int64 // in the file
	buf        []byte
	dirty      uint8 // sectors that the file doesn't have yet
	writing    uint8 // sectors that are being written
	loading    bool
	prev, next *slice // by use, the last used first
	nextDirty  *slice
	nextTaken  *slice // while it is being written
}

// sliceCache is a cache of slices. A slice that isn't clean stays.
type sliceCache struct {
	size   int64
	most   int
	byOff  map[int64]*slice
	used   slice // head of the ring
	dirty  *slice
	nDirty int
}

func (c *sliceCache) init(size int64, most int) {
	c.size, c.most, c.byOff = size, most, make(map[int64]*slice)
	c.used.prev, c.used.next = &c.used, &c.used
}

// find returns the slice at off, or nil.
func (c *sliceCache) find(off int64) *slice {
	s := c.byOff[off]
	if s != nil && c.used.next != s {
		s.unlink()
		c.link(s)
	}
	return s
}

// add returns an empty slice for off: the one that has not been used for
// longest, or a new one.
func (c *sliceCache) add(off int64) *slice {
	s := c.victim()
	if s == nil {
		s = &slice{buf: make([]byte, c.size)}
	} else {
		c.drop(s)
	}
	s.off = off
	c.byOff[off] = s
	c.link(s)
	return s
}

func (c *sliceCache) victim() *slice {
	if len(c.byOff) < c.most {
		return nil
	}
	for s := c.used.prev; s != &c.used; s = s.prev {
		if s.dirty|s.writing == 0 && !s.loading {
			return s
		}
	}
	return nil
}

func (c *sliceCache) drop(s *slice) {
	delete(c.byOff, s.off)
	s.unlink()
}

// mark says that n bytes from at in s were changed.
func (c *sliceCache) mark(s *slice, at, n int64) {
	if s.dirty == 0 {
		s.nextDirty, c.dirty = c.dirty, s
		c.nDirty++
	}
	for i := at / sector; i <= (at+n-1)/sector; i++ {
		s.dirty |= 1 << i
	}
}

// takeDirty ends the list of dirty slices and returns it.
func (c *sliceCache) takeDirty() *slice {
	list := c.dirty
	c.dirty, c.nDirty = nil, 0
	return list
}

// nextRun returns the first run of sectors in mask, and the mask without it.
func nextRun(mask uint8) (first, n int, rest uint8) {
	first = bits.TrailingZeros8(mask)
	n = bits.TrailingZeros8(^(mask >> first))
	return first, n, mask &^ uint8((1<<n-1)<<first)
}

func (s *slice) unlink() { s.prev.next, s.next.prev = s.next, s.prev }

func (c *sliceCache) link(s *slice) {
	s.prev, s.next = &c.used, c.used.next
	s.prev.next, s.next.prev = s, s
}
