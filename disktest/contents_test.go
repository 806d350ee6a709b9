package disktest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

const sector = 512

// contents is what a disk must have. An operation that was not answered, or by
// an error, may have been done in any part, sector by sector.
type contents struct {
	mu    sync.Mutex
	now   []byte
	doubt map[int64][][]byte // what a sector may have as well
	busy  []span             // where operations are under way
}

type span struct{ off, n int64 }

func newContents(size int64) *contents {
	return &contents{now: make([]byte, size), doubt: map[int64][][]byte{}}
}

// take reserves a range for an operation, unless another is under way there.
func (c *contents) take(s span) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.busy {
		if s.off < o.off+o.n && o.off < s.off+s.n {
			return false
		}
	}
	c.busy = append(c.busy, s)
	return true
}

// free ends what take began.
func (c *contents) free(s span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended(s)
}

func (c *contents) ended(s span) {
	c.busy = slices.DeleteFunc(c.busy, func(o span) bool { return o == s })
}

// end is how an operation that was to put p there ended.
func (c *contents) end(s span, p []byte, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended(s)
	for at := int64(0); at < s.n; at += sector {
		one := (s.off + at) / sector
		if certain {
			copy(c.now[s.off+at:], p[at:at+sector])
			delete(c.doubt, one)
		} else {
			c.doubt[one] = append(c.doubt[one], bytes.Clone(p[at:at+sector]))
		}
	}
}

// settle compares what was read with what must be there; from then on what is
// there is certain.
func (c *contents) settle(got []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := 0; at < len(got); at += sector {
		is := got[at : at+sector]
		if bytes.Equal(is, c.now[at:at+sector]) {
			continue
		}
		if !slices.ContainsFunc(c.doubt[int64(at/sector)], func(may []byte) bool { return bytes.Equal(is, may) }) {
			return fmt.Errorf("sector %d has %x, not %x", at/sector, is[:8], c.now[at:at+8])
		}
	}
	copy(c.now, got)
	clear(c.doubt)
	return nil
}
