package qcow2

import (
	"context"
	"encoding/binary"
	"fmt"
)

// mostPages bounds the memory for counting, at 4 KiB each: 64 Mi clusters.
const mostPages = 1 << 16

// tally counts references to host clusters. It takes memory only where there
// are some.
type tally struct {
	pages map[int64]*[1024]uint32
	most  int64 // the highest cluster counted
}

func (t *tally) add(first, n int64) error {
	for c := first; c < first+n; c++ {
		p := t.pages[c>>10]
		if p == nil {
			if len(t.pages) >= mostPages {
				return fmt.Errorf("its references are too many, or too far from each other, to count: %w", ErrUnsupported)
			}
			p = new([1024]uint32)
			t.pages[c>>10] = p
		}
		p[c&1023]++
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

// census walks everything that an image's header leads to.
type census struct {
	img    *Image
	tally  tally
	limit  int64 // first cluster behind the file
	tables int64 // L2 tables that may still be walked
	buf    []byte
	report *Report
}

func (img *Image) takeCensus(ctx context.Context, report *Report) (*census, error) {
	size, err := img.file.Size()
	if err != nil {
		return nil, err
	}
	h, g := &img.header, &img.geo
	c := &census{img: img, limit: g.clusters(size), buf: make([]byte, g.cluster), report: report}
	c.tally.pages = make(map[int64]*[1024]uint32)
	// No table is shared by more L1 tables than there are.
	c.tables = c.limit * (int64(h.snapshots) + 1)
	if err := c.tally.add(0, 1); err != nil {
		return nil, err
	}
	if err := c.tally.add(int64(h.reftableOffset)>>g.clusterBits, int64(h.reftableClusters)); err != nil {
		return nil, err
	}
	if err := c.countBlocks(); err != nil {
		return nil, err
	}
	if err := c.countL1(ctx, int64(h.l1Offset), img.l1, true); err != nil {
		return nil, err
	}
	if err := c.countSnapshots(ctx); err != nil {
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
		if err := c.use(int64(w), 1, "refcount block %d", i); err != nil {
			return err
		}
		if k := int64(w) >> c.img.geo.clusterBits; c.tally.get(k) > 1 {
			c.report.fault("refcount block %d: host cluster %d is used for something else as well", i, k)
		}
	}
	return nil
}

// use counts n clusters at a place in the file.
func (c *census) use(off, n int64, what string, args ...any) error {
	g := &c.img.geo
	if off < 0 || off&(g.cluster-1) != 0 || off>>g.clusterBits+n > c.limit {
		c.report.fault(fmt.Sprintf(what, args...)+": at %#x, which isn't a cluster of the file", off)
		return nil
	}
	return c.tally.add(off>>g.clusterBits, n)
}

// countL1 counts an L1 table and all that it leads to.
func (c *census) countL1(ctx context.Context, off int64, l1 []uint64, active bool) error {
	g := &c.img.geo
	if err := c.use(off, g.clusters(int64(len(l1))*8), "L1 table"); err != nil {
		return err
	}
	for i, word := range l1 {
		table := int64(word & offsetMask)
		if table == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.use(table, 1, "L2 table %d", i); err != nil {
			return err
		}
		if c.tables--; c.tables < 0 {
			return fmt.Errorf("more L2 tables are named than the file can have: %w", ErrCorrupt)
		}
		if err := readFull(c.img.file, c.buf, table); err != nil {
			c.report.fault("L2 table %d: %v", i, err)
			continue
		}
		if err := c.countL2(int64(i)<<g.l2Bits, active); err != nil {
			return err
		}
	}
	return nil
}

// countL2 counts what the L2 table in buf leads to.
func (c *census) countL2(first int64, active bool) error {
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
			if active {
				c.report.Compressed++
			}
			if err := c.tally.add(from, to-from+1); err != nil {
				return err
			}
		case e.host != 0:
			if active {
				c.report.Allocated++
			}
			if err := c.use(e.host, 1, "guest cluster %d", cluster); err != nil {
				return err
			}
		}
	}
	return nil
}

// countSnapshots counts the snapshots' table and tables ("Snapshots").
func (c *census) countSnapshots(ctx context.Context) error {
	h, g := &c.img.header, &c.img.geo
	if h.snapshots == 0 {
		return nil
	}
	at := int64(h.snapshotsOffset)
	var fixed [40]byte
	for range h.snapshots {
		if err := readFull(c.img.file, fixed[:], at); err != nil {
			return fmt.Errorf("read the snapshot table: %w", err)
		}
		be := binary.BigEndian
		off, n := int64(be.Uint64(fixed[:])), int(be.Uint32(fixed[8:]))
		if off < 0 || n > maxL1Bytes/8 {
			return fmt.Errorf("a snapshot's L1 table of %d entries: %w", n, ErrCorrupt)
		}
		l1, err := readTable(c.img.file, off, n)
		if err != nil {
			return fmt.Errorf("read a snapshot's L1 table: %w", err)
		}
		if err := c.countL1(ctx, off, l1, false); err != nil {
			return err
		}
		names := int64(be.Uint16(fixed[12:])) + int64(be.Uint16(fixed[14:])) + int64(be.Uint32(fixed[36:]))
		at = (at + 40 + names + 7) &^ 7
	}
	return c.use(int64(h.snapshotsOffset), g.clusters(at-int64(h.snapshotsOffset)), "snapshot table")
}
