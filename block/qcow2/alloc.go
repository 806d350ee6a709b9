package qcow2

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spurboot/spur/block"
)

// allocate takes up to want free host clusters that follow each other, at least
// one, and returns where they begin. virgin: they were never written and read
// as zeros.
func (img *Image) allocate(want int64) (host, got int64, virgin bool, err error) {
	if err := img.markDirty(); err != nil {
		return 0, 0, false, err
	}
	r := &img.counts
	r.mu.Lock()
	first, got, err := r.take(want)
	virgin = first >= r.virgin.Load()
	r.virgin.Store(max(r.virgin.Load(), first+got))
	r.mu.Unlock()
	if err != nil {
		return 0, 0, false, img.spoil(fmt.Errorf("allocate %d clusters: %w", want, err))
	}
	return first << r.geo.clusterBits, got, virgin, nil
}

// spoil marks the image as corrupt where err says that its reference counts
// are wrong: to go on could overwrite data.
func (img *Image) spoil(err error) error {
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	err = marked{err}
	img.mu.Lock()
	img.failed = err
	img.mu.Unlock()
	if img.geo.version < 3 {
		return err
	}
	return errors.Join(err, img.changeHeader(func(h *header) { h.incompat |= incompatCorrupt }))
}

// marked is an error for which the image is marked as corrupt.
type marked struct{ error }

func (m marked) Unwrap() error { return m.error }

func (m marked) Is(target error) bool { return target == ErrMarked }

// giveBack frees clusters that nothing refers to, in the file or in memory.
func (img *Image) giveBack(host, n int64) {
	// What can't be given back has leaked, and Check finds it.
	_ = img.counts.drop(freed{first: host >> img.geo.clusterBits, n: n})
}

// take sets the counts of up to want free clusters in a row to 1.
func (r *refcounts) take(want int64) (first, got int64, err error) {
	for c := r.next; ; {
		if r.block(c) == 0 {
			if err := r.addBlock(c / r.perBlock()); err != nil {
				return 0, 0, err
			}
		}
		s, i, left, err := r.slice(c)
		if err != nil {
			return 0, 0, err
		}
		skip := int64(0)
		for skip < left && count(s.buf, i+skip, r.order) != 0 {
			skip++
		}
		c, i, left = c+skip, i+skip, left-skip
		r.next = c
		if left == 0 {
			continue
		}
		for got < min(want, left) && count(s.buf, i+got, r.order) == 0 {
			got++
		}
		if got = r.metadata.before(c, got); got == 0 {
			return 0, 0, fmt.Errorf("host cluster %d holds a table but is counted as free: %w", c, ErrCorrupt)
		}
		for k := range got {
			setCount(s.buf, i+k, r.order, 1)
		}
		at := i << r.order >> 3
		r.blocks.mark(s, at, (i+got-1)<<r.order>>3-at+max(1, int64(1)<<r.order>>3))
		r.next = c + got
		return c, got, nil
	}
}

// addBlock adds the i-th block, at the first cluster of those that it counts:
// where there is no block all are free.
func (r *refcounts) addBlock(i int64) error {
	if i >= r.tableLen {
		return r.grow(i)
	}
	first := i * r.perBlock()
	if err := r.putBlock(i, first); err != nil {
		return err
	}
	return r.set(first, 1)
}

// putBlock makes cluster the i-th block, all zero.
func (r *refcounts) putBlock(i, cluster int64) error {
	if r.metadata.hold(cluster, 1) {
		return fmt.Errorf("host cluster %d holds a table but nothing counts it: %w", cluster, ErrCorrupt)
	}
	off := cluster << r.geo.clusterBits
	if err := r.keepPlace(i); err != nil {
		return fmt.Errorf("add a refcount block: %w", err)
	}
	if err := writeZeros(r.file, off, r.geo.cluster); err != nil {
		return fmt.Errorf("add a refcount block: %w", err)
	}
	for at := off; at < off+r.geo.cluster; at += r.geo.sliceSize {
		if s := r.blocks.byOff[at]; s != nil {
			clear(s.buf)
		}
	}
	for int64(len(r.table)) <= i {
		r.table = append(r.table, 0)
	}
	r.table[i] = off
	r.dirtyTable = append(r.dirtyTable, int(i))
	r.metadata.add(cluster, 1)
	r.virgin.Store(max(r.virgin.Load(), cluster+1))
	return nil
}

// keepPlace writes the i-th entry of the refcount table, which is 0, so that the
// file has space for what a flush will write there: it may be a hole.
func (r *refcounts) keepPlace(i int64) error {
	if r.moved || i >= r.tableLen {
		return nil
	}
	return writeZeros(r.file, r.tableOff+i*8, 8)
}

// grow makes room for the i-th block, which is beyond the table: a new table
// and the blocks that count it are put where no block counts anything yet.
func (r *refcounts) grow(i int64) error {
	first := i * r.perBlock()
	entries := max(i+1, r.tableLen*3/2)
	var tables, blocks int64
	for {
		tables = r.geo.clusters(entries * 8)
		entries = tables << r.geo.clusterBits / 8
		blocks = r.blocksFor(tables)
		if last := (first + tables + blocks - 1) / r.perBlock(); last < entries {
			break
		}
		entries++
	}
	if tables<<r.geo.clusterBits > maxReftableBytes {
		return fmt.Errorf("the refcount table is as large as it may be: %w", block.ErrNoSpace)
	}
	if err := r.putRow(i, tables, blocks); err != nil {
		return err
	}
	if err := writeZeros(r.file, first<<r.geo.clusterBits, tables<<r.geo.clusterBits); err != nil {
		return fmt.Errorf("move the refcount table: %w", err)
	}
	bits := r.geo.clusterBits
	r.oldTables = append(r.oldTables, freed{first: r.tableOff >> bits, n: r.tableLen * 8 >> bits, table: true})
	r.tableOff, r.tableLen, r.moved = first<<bits, entries, true
	r.metadata.add(first, tables)
	return nil
}

// blocksFor is how many blocks count n clusters, and the blocks behind them,
// from the first that the i-th block counts on.
func (r *refcounts) blocksFor(n int64) int64 {
	blocks := int64(1)
	for (n+blocks-1)/r.perBlock()+1 > blocks {
		blocks++
	}
	return blocks
}

// putRow takes n clusters in a row, from the first that the i-th block counts
// on, and puts behind them that block and the next ones, of which there is none
// yet.
func (r *refcounts) putRow(i, n, blocks int64) error {
	first, had := i*r.perBlock(), len(r.table)
	if r.metadata.hold(first, n+blocks) {
		return fmt.Errorf("host clusters from %d on hold a table but nothing counts them: %w", first, ErrCorrupt)
	}
	for b := range blocks {
		if err := r.putBlock(i+b, first+n+b); err != nil {
			r.table = r.table[:had]
			r.dirtyTable = slices.DeleteFunc(r.dirtyTable, func(d int) bool { return int64(d) >= i })
			return err
		}
	}
	for c := first; c < first+n+blocks; c++ {
		if err := r.set(c, 1); err != nil {
			return err
		}
	}
	r.virgin.Store(max(r.virgin.Load(), first+n+blocks))
	return nil
}

// takeRow takes exactly n clusters in a row.
func (r *refcounts) takeRow(n int64) (first int64, err error) {
	first, got, err := r.take(n)
	if err != nil || got == n {
		r.virgin.Store(max(r.virgin.Load(), first+got))
		return first, err
	}
	for c := first; c < first+got; c++ {
		if err := r.set(c, 0); err != nil {
			return 0, err
		}
	}
	r.next = first
	blocks := r.blocksFor(n)
	for int64(len(r.table))+blocks > r.tableLen {
		if err := r.grow(int64(len(r.table))); err != nil {
			return 0, err
		}
	}
	i := int64(len(r.table))
	return i * r.perBlock(), r.putRow(i, n, blocks)
}

// zeroes is never written.
var zeroes [64 << 10]byte

func writeZeros(file block.File, off, n int64) error {
	for n > 0 {
		k := min(n, int64(len(zeroes)))
		if _, err := file.WriteAt(zeroes[:k], off); err != nil {
			return err
		}
		off, n = off+k, n-k
	}
	return nil
}
