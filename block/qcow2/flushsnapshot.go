package qcow2

import (
	"encoding/binary"
	"fmt"
)

// item is bytes of buffer that belong into the file at off.
type item struct {
	off int64
	n   int
}

// snap is what one flush brings to the file.
type snap struct {
	taken    *slice
	l1       []int
	unlinked []freed
	gen      uint64 // of the journal's notes that it makes void
}

// snapshot takes what has to be written, with the slices' bytes as they are
// now, because they may be changed again before they are written; mu is held.
func (img *Image) snapshot() snap {
	was := snap{l1: img.dirtyL1, unlinked: img.unlinked}
	img.dirtyL1, img.unlinked = nil, nil
	if img.journal != nil {
		was.gen = img.journal.turn()
	}
	img.items, img.buffer = img.items[:0], img.buffer[:0]
	var next *slice
	for s := img.l2.takeDirty(); s != nil; s = next {
		next = s.nextDirty
		s.nextTaken, s.nextDirty, was.taken = was.taken, nil, s
		s.writing, s.dirty = s.dirty, 0
		for rest := s.writing; rest != 0; {
			var first, n int
			first, n, rest = nextRun(rest)
			b := s.buf[first*sector : (first+n)*sector]
			img.items = append(img.items, item{s.off + int64(first)*sector, len(b)})
			img.buffer = append(img.buffer, b...)
		}
	}
	// A new L2 table is durable by then, as a copy of what it takes the place
	// of, so whether L1 or L2 entries are there first doesn't matter.
	for _, i := range was.l1 {
		img.items = append(img.items, item{int64(img.header.l1Offset) + int64(i)*8, 8})
		img.buffer = binary.BigEndian.AppendUint64(img.buffer, img.l1[i])
	}
	return was
}

// settle ends what snapshot began; mu is held. After an error all that was
// taken is to be written again.
func (img *Image) settle(was snap, err error) {
	for s := was.taken; s != nil; {
		next, mask := s.nextTaken, s.writing
		s.writing, s.nextTaken = 0, nil
		if err != nil {
			img.remark(s, mask)
		}
		s = next
	}
	if err != nil {
		img.dirtyL1 = append(img.dirtyL1, was.l1...)
		img.unlinked = append(img.unlinked, was.unlinked...)
		return
	}
	if img.journal != nil {
		img.journal.durable = was.gen
	}
	for i := range was.unlinked {
		was.unlinked[i].epoch = img.epoch
	}
	img.waiting = append(img.waiting, was.unlinked...)
	for _, f := range was.unlinked {
		img.given.Add(-f.n)
		img.late.Add(f.n)
	}
	if cap(img.buffer) > scratchSize {
		img.buffer, img.items = nil, nil
	}
}

func (img *Image) remark(s *slice, mask uint8) {
	for i := range int64(8) {
		if mask&(1<<i) != 0 {
			img.l2.mark(s, i*sector, sector)
		}
	}
}

func (img *Image) writeItems() error {
	b := img.buffer
	for _, it := range img.items {
		if _, err := img.file.WriteAt(b[:it.n], it.off); err != nil {
			return fmt.Errorf("write the L1 and L2 tables: %w", err)
		}
		b = b[it.n:]
	}
	return nil
}
