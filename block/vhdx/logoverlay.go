package vhdx

import (
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/spurboot/spur/block"
)

// logOverlay is a file as it is once its log has been played back. The file itself
// stays as it is.
type logOverlay struct {
	block.Source
	length  int64
	changes []change // by their offsets; none overlap
	zeros   int
}

// change is a piece of the file that is other than in it.
type change struct {
	off, n int64
	data   []byte // of n bytes; nil for zeros
}

func (c change) end() int64 { return c.off + c.n }

// part is what a change says of the bytes from one offset to another.
func (c change) part(from, to int64) change {
	p := change{off: from, n: to - from}
	if c.data != nil {
		p.data = c.data[from-c.off : to-c.off]
	}
	return p
}

// from is where the changes begin that end beyond an offset.
func (p *logOverlay) from(off int64) int {
	return sort.Search(len(p.changes), func(i int) bool { return p.changes[i].end() > off })
}

// put adds a change, in the place of what it covers.
func (p *logOverlay) put(c change) error {
	if c.n == 0 {
		return nil
	}
	if c.data == nil {
		if p.zeros++; p.zeros > mostZeros {
			return fmt.Errorf("%w zeroes more than %d places", ErrLog, mostZeros)
		}
	}
	first := p.from(c.off)
	next := first
	parts := make([]change, 0, 3)
	for ; next < len(p.changes) && p.changes[next].off < c.end(); next++ {
		if old := p.changes[next]; old.off < c.off {
			parts = append(parts, old.part(old.off, c.off))
		}
	}
	parts = append(parts, c)
	if next > first {
		if old := p.changes[next-1]; old.end() > c.end() {
			parts = append(parts, old.part(c.end(), old.end()))
		}
	}
	p.changes = slices.Replace(p.changes, first, next, parts...)
	return nil
}

// Size is what the file's size is then.
func (p *logOverlay) Size() (int64, error) { return p.length, nil }

// ReadAt implements io.ReaderAt.
func (p *logOverlay) ReadAt(b []byte, off int64) (int, error) {
	if off >= p.length {
		return 0, io.EOF
	}
	want := b[:min(int64(len(b)), p.length-off)]
	n, err := p.Source.ReadAt(want, off)
	if err != nil && err != io.EOF {
		return n, err
	}
	clear(want[n:]) // what the log adds to the file
	end := off + int64(len(want))
	for i := p.from(off); i < len(p.changes) && p.changes[i].off < end; i++ {
		c := p.changes[i].part(max(off, p.changes[i].off), min(end, p.changes[i].end()))
		if c.data == nil {
			clear(want[c.off-off:][:c.n])
		} else {
			copy(want[c.off-off:], c.data)
		}
	}
	if len(want) < len(b) {
		return len(want), io.EOF
	}
	return len(want), nil
}
