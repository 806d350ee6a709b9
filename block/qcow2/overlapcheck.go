package qcow2

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
)

// metadata says which host clusters hold the header or tables. Whatever their
// counts and a damaged entry say, data never come there (QEMU's
// qcow2_pre_write_overlap_check).
type metadata struct {
	mu   sync.RWMutex
	own  spans // the header and the disk's own tables
	kept spans // tables of snapshots, which this package doesn't change
}

// hold says whether one of n clusters from first on holds a table.
func (m *metadata) hold(first, n int64) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.own.overlap(first, n) || m.kept.overlap(first, n)
}

// before is how many of n clusters from first on are before the first that holds
// a table.
func (m *metadata) before(first, n int64) int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.kept.before(first, m.own.before(first, n))
}

func (m *metadata) add(first, n int64) {
	m.mu.Lock()
	m.own = m.own.add(first, n)
	m.mu.Unlock()
}

// giveUp says that a cluster is of no use to the disk any more, and whether it
// may be used for something else. Only who gives up a table takes it from here.
func (m *metadata) giveUp(cluster int64, table, last bool) (free bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if table {
		m.own = m.own.remove(cluster, 1)
	}
	held := m.own.overlap(cluster, 1) || last && m.kept.overlap(cluster, 1)
	return !held
}

// table is where a table of the image is, and which one it is.
type table struct {
	span
	what string
	i    int
}

// String is for people.
func (t *table) String() string {
	if t.i < 0 {
		return t.what
	}
	return fmt.Sprintf("%s %d", t.what, t.i)
}

// findTables finds the tables of an image that is to be written, and refuses it
// where two are in one place: each would overwrite the other.
func (img *Image) findTables(ctx context.Context) error {
	own := img.ownTables()
	slices.SortFunc(own, func(a, b table) int { return cmp.Compare(a.first, b.first) })
	all := make([]span, len(own))
	for i := range own {
		all[i] = own[i].span
		if i > 0 && own[i].first < own[i-1].end {
			return fmt.Errorf("the %v is where the %v is, in host cluster %d: %w", &own[i], &own[i-1], own[i].first, ErrCorrupt)
		}
	}
	kept, err := img.snapshotTables(ctx)
	if err != nil {
		return err
	}
	m := &img.counts.metadata
	m.mu.Lock()
	defer m.mu.Unlock()
	m.own, m.kept = newSpans(all), newSpans(kept)
	return nil
}

// ownTables lists the header and the tables of the disk.
func (img *Image) ownTables() []table {
	g, h := &img.geo, &img.header
	var own []table
	add := func(off, n int64, what string, i int) {
		if off&(g.cluster-1) == 0 && n > 0 { // others are errors where they are used
			first := off >> g.clusterBits
			own = append(own, table{span{first, first + n}, what, i})
		}
	}
	add(0, 1, "header", -1)
	add(int64(h.l1Offset), g.clusters(int64(h.l1Size)*8), "L1 table", -1)
	add(int64(h.reftableOffset), int64(h.reftableClusters), "refcount table", -1)
	for i, off := range img.counts.table {
		if off != 0 {
			add(off, 1, "refcount block", i)
		}
	}
	for i, word := range img.l1 {
		if off := int64(word & offsetMask); off != 0 {
			add(off, 1, "L2 table", i)
		}
	}
	return own
}

// mostKept bounds, in bytes, what is read of the snapshots' L1 tables to find
// their L2 tables. Beyond it these are protected by their counts alone.
const mostKept = 32 << 20

// snapshotTables lists the tables of the snapshots.
func (img *Image) snapshotTables(ctx context.Context) ([]span, error) {
	g := &img.geo
	shared, length, err := img.readSnapshots(ctx)
	if err != nil || length == 0 {
		return nil, err
	}
	first := int64(img.header.snapshotsOffset) >> g.clusterBits
	kept := []span{{first, first + g.clusters(length)}}
	left := int64(mostKept)
	for _, s := range shared {
		first := s.off >> g.clusterBits
		kept = append(kept, span{first, first + g.clusters(s.n*8)})
		if left -= s.n * 8; left < 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l1, err := readTable(img.file, s.off, int(s.n))
		if err != nil {
			return nil, fmt.Errorf("read a snapshot's L1 table: %w", err)
		}
		for _, word := range l1 {
			if at := int64(word&offsetMask) >> g.clusterBits; at != 0 {
				kept = append(kept, span{at, at + 1})
			}
		}
	}
	return kept, nil
}
