package qcow2

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
)

// mostPages bounds the memory for counting, at 4 KiB each: 64 Mi clusters.
const mostPages = 1 << 16

// tally counts references to host clusters. It takes memory only where there
// are some.
type tally struct {
	pages map[int64]*[1024]uint32
	most  int64 // the highest cluster counted
}

func (t *tally) add(first, n int64, times uint32) error {
	for c := first; c < first+n; c++ {
		p := t.pages[c>>10]
		if p == nil {
			if len(t.pages) >= mostPages {
				return fmt.Errorf("its references are too many, or too far from each other, to count: %w", ErrUnsupported)
			}
			p = new([1024]uint32)
			t.pages[c>>10] = p
		}
		p[c&1023] += min(times, math.MaxUint32-p[c&1023])
		t.most = max(t.most, c)
	}
	return nil
}

func (t *tally) get(c int64) uint64 {
	if p := t.pages[c>>10]; p != nil {
		return uint64(p[c&1023])
	}
	return 0
}

// mostTables is how many L2 tables are counted at most.
const mostTables = 2 << 20

// census walks everything that an image's header leads to, each table once.
type census struct {
	img    *Image
	tally  tally
	limit  int64 // first cluster behind the file
	tables map[int64]reference
	buf    []byte
	report *Report
}

// reference is how often an L2 table is named, and where first.
type reference struct {
	times  uint32
	l1     int
	active bool // by the disk, not by a snapshot alone
}

func (img *Image) takeCensus(ctx context.Context, report *Report) (*census, error) {
	size, err := img.file.Size()
	if err != nil {
		return nil, err
	}
	h, g := &img.header, &img.geo
	c := &census{img: img, limit: g.clusters(size), tables: map[int64]reference{}, buf: make([]byte, g.cluster), report: report}
	c.tally.pages = make(map[int64]*[1024]uint32)
	if err := c.tally.add(0, 1, 1); err != nil {
		return nil, err
	}
	if err := c.tally.add(int64(h.reftableOffset)>>g.clusterBits, int64(h.reftableClusters), 1); err != nil {
		return nil, err
	}
	if err := c.countBlocks(); err != nil {
		return nil, err
	}
	if err := c.countL1(ctx, int64(h.l1Offset), img.l1, 1, true); err != nil {
		return nil, err
	}
	if err := c.countSnapshots(ctx); err != nil {
		return nil, err
	}
	if err := c.countTables(ctx); err != nil {
		return nil, err
	}
	return c, c.countBitmaps()
}

// countBlocks counts the refcount blocks.
func (c *census) countBlocks() error {
	h := &c.img.header
	words, err := readTable(c.img.file, int64(h.reftableOffset), int(h.reftableClusters)<<c.img.geo.clusterBits/8)
	if err != nil {
		return err
	}
	for i, w := range words {
		if w == 0 {
			continue
		}
		if err := c.use(int64(w), 1, 1, "refcount block %d", i); err != nil {
			return err
		}
		if k := int64(w) >> c.img.geo.clusterBits; c.tally.get(k) > 1 {
			c.report.fault("refcount block %d: host cluster %d is used for something else as well", i, k)
		}
	}
	return nil
}

// use counts n clusters at a place in the file.
func (c *census) use(off, n int64, times uint32, what string, args ...any) error {
	g := &c.img.geo
	if off < 0 || off&(g.cluster-1) != 0 || off>>g.clusterBits+n > c.limit {
		c.report.fault(fmt.Sprintf(what, args...)+": at %#x, which isn't a cluster of the file", off)
		return nil
	}
	return c.tally.add(off>>g.clusterBits, n, times)
}

// countL1 counts an L1 table that so many have, and notes the L2 tables that it
// names.
func (c *census) countL1(ctx context.Context, off int64, l1 []uint64, times uint32, active bool) error {
	g := &c.img.geo
	if err := c.use(off, g.clusters(int64(len(l1))*8), times, "L1 table"); err != nil {
		return err
	}
	for i, word := range l1 {
		if i&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		table := int64(word & offsetMask)
		if table == 0 {
			continue
		}
		r, known := c.tables[table]
		if !known && len(c.tables) >= mostTables {
			return fmt.Errorf("its L2 tables are too many to count: %w", ErrUnsupported)
		}
		if !known {
			r = reference{l1: i, active: active}
		}
		r.times += min(times, math.MaxUint32-r.times)
		c.tables[table] = r
	}
	return nil
}

// countTables counts the L2 tables and what they lead to.
func (c *census) countTables(ctx context.Context) error {
	g := &c.img.geo
	for _, table := range slices.Sorted(maps.Keys(c.tables)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := c.tables[table]
		if err := c.use(table, 1, r.times, "L2 table %d", r.l1); err != nil {
			return err
		}
		if err := readFull(c.img.file, c.buf, table); err != nil {
			c.report.fault("L2 table %d: %v", r.l1, err)
			continue
		}
		if err := c.countL2(int64(r.l1)<<g.l2Bits, r); err != nil {
			return err
		}
	}
	return nil
}

// countL2 counts what the L2 table in buf leads to.
func (c *census) countL2(first int64, r reference) error {
	g := &c.img.geo
	for at := int64(0); at < g.cluster; at += g.entrySize {
		cluster := first + at/g.entrySize
		e, err := g.decode(c.buf[at:])
		switch {
		case err != nil:
			c.report.fault("guest cluster %d: %v", cluster, err)
		case e.packed != 0:
			off, n := g.packedRange(e.packed)
			from, to := off>>g.clusterBits, (off+n-1)>>g.clusterBits
			if to >= c.limit {
				c.report.fault("guest cluster %d: compressed beyond the file's end", cluster)
				continue
			}
			if r.active {
				c.report.Compressed++
			}
			if err := c.tally.add(from, to-from+1, r.times); err != nil {
				return err
			}
		case e.host != 0:
			if r.active {
				c.report.Allocated++
			}
			if err := c.use(e.host, 1, r.times, "guest cluster %d", cluster); err != nil {
				return err
			}
		}
	}
	return nil
}

// countSnapshots counts the snapshots' table and tables.
func (c *census) countSnapshots(ctx context.Context) error {
	shared, length, err := c.img.readSnapshots(ctx)
	if err != nil || length == 0 {
		return err
	}
	for _, s := range shared {
		l1, err := readTable(c.img.file, s.off, int(s.n))
		if err != nil {
			return fmt.Errorf("read a snapshot's L1 table: %w", err)
		}
		if err := c.countL1(ctx, s.off, l1, s.times, false); err != nil {
			return err
		}
	}
	return c.use(int64(c.img.header.snapshotsOffset), c.img.geo.clusters(length), 1, "snapshot table")
}
