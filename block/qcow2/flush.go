package qcow2

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// leastBacklog is how many bytes of clusters may at least be given up, but not
// free yet, before a flush frees them; a 64th of the file is, too, where it is
// more.
const leastBacklog = 16 << 20

// item is bytes of buffer that belong into the file at off.
type item struct {
	off int64
	n   int
}

// Flush implements block.Device. Who comes while another flush is under way
// shares the next one.
func (img *Image) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if img.opts.ReadOnly {
		return nil
	}
	mine := img.wanted.Add(1)
	if err := img.takeFlush(ctx); err != nil {
		return err
	}
	defer img.endFlush()
	if img.done >= mine {
		return nil
	}
	all := img.wanted.Load()
	if err := img.flush(img.lazy); err != nil {
		return err
	}
	img.done = all
	return nil
}

func (img *Image) takeFlush(ctx context.Context) error {
	select {
	case img.flushing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (img *Image) endFlush() { <-img.flushing }

// makeRoom flushes when the cache holds too much that the file doesn't have.
func (img *Image) makeRoom(ctx context.Context) error {
	img.mu.Lock()
	full := img.l2.nDirty >= img.l2.most/2 || img.backlogged() || img.journal != nil && img.journal.full()
	img.mu.Unlock()
	if !full {
		return nil
	}
	return img.Flush(ctx)
}

// backlogged says whether clusters that were given up should be freed.
func (img *Image) backlogged() bool {
	n := img.given.Load() << img.geo.clusterBits
	return n >= leastBacklog && n >= img.counts.virgin.Load()<<img.geo.clusterBits/64
}

// reclaimAll frees what was given up, now, and says whether there was something.
func (img *Image) reclaimAll(ctx context.Context) bool {
	if img.given.Load()+img.late.Load() == 0 || img.alone(ctx) != nil {
		return false
	}
	img.letIn()
	return true
}

// giveUp remembers clusters that may be freed after a flush; mu is held.
func (img *Image) giveUp(f freed) {
	img.unlinked = append(img.unlinked, f)
	img.given.Add(f.n)
}

// flush writes what the file doesn't have yet. Whatever is torn off by a crash
// or a loss of power, what the file leads to is there, and is counted at least as
// often as it is used. The order, with a Sync of the file where one is named:
//
//  1. snapshot takes the entries of L2 and L1 that have changed, as they are now,
//     and what they have ceased to refer to. Data, and new or copied L2 tables,
//     were written to the file before their entries were changed.
//  2. writeCounts writes reference counts to their blocks.
//  3. Sync: all that new entries will lead to, and its counts, are durable.
//  4. writeTable writes the refcount table's entries of new blocks, or the whole
//     table to a new place; Sync; then, if it has moved, the header; Sync.
//  5. writeItems writes the entries of L2 and L1; Sync.
//  6. The journal's notes of these entries are void (retire), before clusters
//     that they tell of are used for something else.
//  7. settle has what isn't referred to any more wait for operations that may
//     still see it, and advance begins new epochs (epoch.go).
//  8. reclaim takes references from what has waited long enough, and
//     writeCounts writes that; the next flush makes it durable.
//
// With lazy, steps 2, 4 and the writing in 8 are left to a later flush or Close,
// and Open counts anew if neither comes; not where the refcount table is to
// change, which Open can't make good. The caller has taken flushing.
func (img *Image) flush(lazy bool) error {
	img.mu.Lock()
	spoiled := errors.Is(img.failed, ErrMarked)
	if img.failed != nil && !spoiled {
		defer img.mu.Unlock()
		return img.failed
	}
	was := img.snapshot()
	img.mu.Unlock()
	// A table that is too small is more than Open can repair.
	lazy = lazy && !img.counts.grown()
	err := img.writeOut(lazy)
	if err == nil && img.journal != nil {
		// Before clusters are used again that notes may tell of.
		err = img.journal.retire(was.gen)
	}
	img.mu.Lock()
	img.settle(was, err)
	epoch := img.advance()
	img.mu.Unlock()
	if spoiled {
		return err // what was answered for is there; nothing more is freed
	}
	if err == nil {
		err = img.spoil(img.reclaim(epoch))
	}
	if err == nil && !lazy {
		_, err = img.writeCounts() // so that a close after it leaks nothing
	}
	return err
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

// writeOut is the steps of a flush.
func (img *Image) writeOut(lazy bool) error {
	needed := len(img.items) > 0
	if !lazy {
		more, err := img.writeCounts()
		if err != nil {
			return err
		}
		needed = needed || more
	}
	if img.unsynced.Swap(false) || needed {
		if err := img.sync(); err != nil {
			return err
		}
	}
	if err := img.writeTable(lazy); err != nil {
		return err
	}
	if len(img.items) == 0 {
		return nil
	}
	if err := img.writeItems(); err != nil {
		return err
	}
	return img.sync()
}

// writeCounts writes reference counts, and says whether they must be durable
// before the refcount table is written.
func (img *Image) writeCounts() (needed bool, err error) {
	r := &img.counts
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.dirtyTable) > 0, r.writeBlocks()
}

// writeTable writes what is new in the refcount table, or the whole of it to
// its new place and then the header.
func (img *Image) writeTable(lazy bool) error {
	img.heading.Lock()
	defer img.heading.Unlock()
	r := &img.counts
	r.mu.Lock()
	defer r.mu.Unlock()
	if lazy || len(r.dirtyTable) == 0 && !r.moved {
		return nil
	}
	if err := r.writeTable(); err != nil {
		return fmt.Errorf("write the refcount table: %w", err)
	}
	if err := img.sync(); err != nil {
		return err
	}
	r.dirtyTable = r.dirtyTable[:0]
	if !r.moved {
		return nil
	}
	h := &img.header
	h.reftableOffset, h.reftableClusters = uint64(r.tableOff), uint32(r.tableLen*8>>r.geo.clusterBits)
	if err := img.writeHeader(); err != nil {
		return err
	}
	r.moved = false
	for _, f := range r.oldTables {
		img.waiting = append(img.waiting, f)
		img.late.Add(f.n)
	}
	r.oldTables = nil
	return nil
}

// grown says whether there are blocks that the file doesn't lead to.
func (r *refcounts) grown() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved || len(r.dirtyTable) > 0
}

func (r *refcounts) writeTable() error {
	var word [8]byte
	if !r.moved {
		for _, i := range r.dirtyTable {
			binary.BigEndian.PutUint64(word[:], uint64(r.table[i]))
			if _, err := r.file.WriteAt(word[:], r.tableOff+int64(i)*8); err != nil {
				return err
			}
		}
		return nil
	}
	b := make([]byte, r.tableLen*8)
	for i, off := range r.table {
		binary.BigEndian.PutUint64(b[i*8:], uint64(off))
	}
	_, err := r.file.WriteAt(b, r.tableOff)
	return err
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

// reclaim frees what the file doesn't refer to any more and nobody can see.
func (img *Image) reclaim(epoch uint) error {
	kept := img.waiting[:0]
	var first error
	for _, f := range img.waiting {
		if epoch-f.epoch < epochsUntilFree {
			kept = append(kept, f)
			continue
		}
		img.late.Add(-f.n)
		if err := img.counts.drop(f); err != nil && first == nil {
			first = err
		}
	}
	img.waiting = kept
	return first
}

// markDirty says in the header that reference counts may be behind, before they
// are for the first time.
func (img *Image) markDirty() error {
	if !img.lazy || img.marked.Load() {
		return nil
	}
	if img.journal != nil && img.beginSession() == nil {
		return nil
	}
	img.heading.Lock()
	defer img.heading.Unlock()
	if img.marked.Load() {
		return nil
	}
	img.header.incompat |= incompatDirty
	if err := img.writeHeader(); err != nil {
		return err
	}
	img.marked.Store(true)
	return nil
}

// closeClean frees what waited for its last users and, where reference counts
// are lazy, writes them and says so. It does nothing where a flush is missing.
func (img *Image) closeClean() error {
	usable := !img.opts.ReadOnly && img.failed == nil
	missing := img.l2.dirty != nil || len(img.dirtyL1) > 0
	if !usable || missing || !img.marked.Load() && len(img.waiting)+len(img.unlinked) == 0 {
		return nil
	}
	if err := img.flush(false); err != nil || !img.marked.Load() {
		return err
	}
	if err := img.sync(); err != nil {
		return err
	}
	img.header.incompat &^= incompatDirty
	img.header.autoclear &^= autoclearSession
	return img.writeHeader()
}
