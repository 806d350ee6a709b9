package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
)

// refcounts says how often each host cluster is referred to ("Host cluster
// management"). It has a lock of its own, below all others, and holds it while
// it reads and writes blocks: who allocates waits, nobody else.
//
// What a flush writes has its space before a write is answered for, so that neither
// a flush nor an Open runs out of it: blocks of counts are made as clusters are
// taken. Clusters that were given up and not freed yet are bounded in bytes
// (backlogged), and freed before a write fails for want of space (reclaimAll).
type refcounts struct {
	mu    sync.Mutex
	file  block.File
	geo   geometry
	order uint // log2 of the bits of a count

	table      []int64 // where each block is, 0: nowhere; without zeros at its end
	tableOff   int64
	tableLen   int64 // entries that the table in the file has room for
	dirtyTable []int // entries that the file doesn't have
	moved      bool  // the whole table is at a place that the file doesn't know
	oldTables  []freed
	blocks     sliceCache

	next     int64        // no cluster before it is free
	virgin   atomic.Int64 // clusters from here on were never written; changed with mu held
	metadata metadata
	punch    bool
}

// perBlock is how many counts a block has.
func (r *refcounts) perBlock() int64 { return r.geo.cluster << 3 >> r.order }

func (r *refcounts) open(file block.File, h *header, g geometry) error {
	r.file, r.geo, r.order, r.punch = file, g, uint(h.refcountOrder), true
	r.tableOff = int64(h.reftableOffset)
	r.tableLen = int64(h.reftableClusters) << g.clusterBits / 8
	r.blocks.init(g.sliceSize, refcountSlices)
	words, err := readTable(file, r.tableOff, int(r.tableLen))
	if err != nil {
		return fmt.Errorf("read the refcount table: %w", err)
	}
	for len(words) > 0 && words[len(words)-1] == 0 {
		words = words[:len(words)-1]
	}
	r.table = make([]int64, len(words))
	for i, w := range words {
		r.table[i] = int64(w & offsetMask)
		if w > 1<<56 || r.table[i]&(g.cluster-1) != 0 {
			return fmt.Errorf("refcount table entry %d, %#x, isn't at a cluster: %w", i, w, ErrCorrupt)
		}
	}
	size, err := file.Size()
	if err != nil {
		return err
	}
	r.virgin.Store(g.clusters(size))
	return nil
}

// count reads the i-th count of order in b.
func count(b []byte, i int64, order uint) uint64 {
	switch order {
	case 3:
		return uint64(b[i])
	case 4:
		return uint64(binary.BigEndian.Uint16(b[i*2:]))
	case 5:
		return uint64(binary.BigEndian.Uint32(b[i*4:]))
	case 6:
		return binary.BigEndian.Uint64(b[i*8:])
	}
	bit := i << order
	return uint64(b[bit>>3]>>(bit&7)) & (1<<(1<<order) - 1)
}

// setCount is count's counterpart.
func setCount(b []byte, i int64, order uint, v uint64) {
	switch order {
	case 3:
		b[i] = byte(v)
	case 4:
		binary.BigEndian.PutUint16(b[i*2:], uint16(v))
	case 5:
		binary.BigEndian.PutUint32(b[i*4:], uint32(v))
	case 6:
		binary.BigEndian.PutUint64(b[i*8:], v)
	default:
		bit := i << order
		mask := byte(1<<(1<<order)-1) << (bit & 7)
		b[bit>>3] = b[bit>>3]&^mask | byte(v)<<(bit&7)&mask
	}
}

// block returns where the block for a cluster is, or 0.
func (r *refcounts) block(cluster int64) int64 {
	if i := cluster / r.perBlock(); i < int64(len(r.table)) {
		return r.table[i]
	}
	return 0
}

// slice returns the slice with the count of a cluster that has a block, the
// index of that count, and how many counts follow in the slice.
func (r *refcounts) slice(cluster int64) (s *slice, i, left int64, err error) {
	perSlice := r.geo.sliceSize << 3 >> r.order
	in := cluster % r.perBlock()
	off := r.block(cluster) + in/perSlice*r.geo.sliceSize
	i = in % perSlice
	if s = r.blocks.find(off); s != nil {
		return s, i, perSlice - i, nil
	}
	if r.blocks.nDirty >= r.blocks.most {
		if err := r.writeBlocks(); err != nil {
			return nil, 0, 0, err
		}
	}
	s = r.blocks.add(off)
	if err := readFull(r.file, s.buf, off); err != nil {
		r.blocks.drop(s)
		return nil, 0, 0, fmt.Errorf("read a refcount block: %w", err)
	}
	return s, i, perSlice - i, nil
}

func (r *refcounts) get(cluster int64) (uint64, error) {
	if r.block(cluster) == 0 {
		return 0, nil
	}
	s, i, _, err := r.slice(cluster)
	if err != nil {
		return 0, err
	}
	return count(s.buf, i, r.order), nil
}

// set changes the count of a cluster that has a block.
func (r *refcounts) set(cluster int64, v uint64) error {
	s, i, _, err := r.slice(cluster)
	if err != nil {
		return err
	}
	setCount(s.buf, i, r.order, v)
	r.blocks.mark(s, i<<r.order>>3, max(1, int64(1)<<r.order>>3))
	return nil
}

// drop takes one reference from n clusters, and makes holes of those that have
// none left.
func (r *refcounts) drop(f freed) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	hole := freed{first: f.first}
	for c := f.first; c < f.first+f.n; c++ {
		v, err := r.get(c)
		if err != nil {
			return err
		}
		if v == 0 {
			return fmt.Errorf("host cluster %d is given up but not in use: %w", c, ErrCorrupt)
		}
		if !r.metadata.giveUp(c, f.table, v == 1) {
			return fmt.Errorf("host cluster %d is given up but holds a table: %w", c, ErrCorrupt)
		}
		if v == 1 {
			hole.n++
			r.next = min(r.next, c)
		}
		if err := r.set(c, v-1); err != nil {
			return err
		}
	}
	if hole.n == f.n {
		r.hole(hole)
	}
	return nil
}

// hole gives the space of clusters back to where the file is. That is a
// courtesy, whose failure harms nobody.
func (r *refcounts) hole(f freed) {
	sparse, can := r.file.(block.SparseFile)
	if !can || !r.punch {
		return
	}
	err := sparse.PunchHole(f.first<<r.geo.clusterBits, f.n<<r.geo.clusterBits)
	if errors.Is(err, errors.ErrUnsupported) {
		r.punch = false
	}
}

// writeBlocks writes the counts that the file doesn't have yet. No order has to
// be kept: counts go up before and down after what they count.
func (r *refcounts) writeBlocks() error {
	for s := r.blocks.takeDirty(); s != nil; {
		next := s.nextDirty
		mask := s.dirty
		s.dirty, s.nextDirty = 0, nil
		for rest := mask; rest != 0; {
			var first, n int
			first, n, rest = nextRun(rest)
			b := s.buf[first*sector : min(len(s.buf), (first+n)*sector)]
			if _, err := r.file.WriteAt(b, s.off+int64(first)*sector); err != nil {
				r.keepDirty(s, mask, next)
				return fmt.Errorf("write reference counts: %w", err)
			}
		}
		s = next
	}
	return nil
}

// keepDirty puts s and those behind it back into the list.
func (r *refcounts) keepDirty(s *slice, mask uint8, next *slice) {
	s.dirty = mask
	s.nextDirty = next
	for at := s; at != nil; at = at.nextDirty {
		r.blocks.nDirty++
	}
	r.blocks.dirty = s
}
