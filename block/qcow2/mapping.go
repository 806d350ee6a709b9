package qcow2

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/spurboot/spur/block"
)

// run is a range of the disk of which the same is known.
type run struct {
	kind   kind
	owned  bool  // may be written in place
	host   int64 // of its first byte; data only
	packed uint64
	n      int64
}

func readTable(r io.ReaderAt, off int64, n int) ([]uint64, error) {
	b := make([]byte, n*8)
	if err := readFull(r, b, off); err != nil {
		return nil, err
	}
	t := make([]uint64, n)
	for i := range t {
		t[i] = binary.BigEndian.Uint64(b[i*8:])
	}
	return t, nil
}

// place is where an entry is: which L1 entry, and where in the L2 table.
func (g *geometry) place(cluster int64) (l1 int, at int64) {
	return int(cluster >> g.l2Bits), (cluster & (1<<g.l2Bits - 1)) * g.entrySize
}

// perSlice is how many entries a slice has.
func (g *geometry) perSlice() int64 { return g.sliceSize / g.entrySize }

// slice returns the slice with the entry of a cluster, or nil where there is no
// table. mu is held, and given up while the slice is read from the file.
func (img *Image) slice(cluster int64) (*slice, error) {
	i, at := img.geo.place(cluster)
	for i < len(img.l1) {
		word := img.l1[i]
		table := int64(word & offsetMask)
		if table == 0 {
			return nil, nil
		}
		if table&(img.geo.cluster-1) != 0 {
			return nil, fmt.Errorf("L1 entry %d, %#x, isn't at a cluster: %w", i, word, ErrCorrupt)
		}
		s, err := img.load(table + at&^(img.geo.sliceSize-1))
		if err != nil {
			return nil, fmt.Errorf("read an L2 table: %w", err)
		}
		if img.l1[i] == word {
			return s, nil
		}
	}
	return nil, nil
}

// load returns the slice at off; mu as for slice.
func (img *Image) load(off int64) (*slice, error) {
	for {
		s := img.l2.find(off)
		if s == nil {
			break
		}
		if !s.loading {
			return s, nil
		}
		img.changed.Wait()
	}
	s := img.l2.add(off)
	s.loading = true
	img.mu.Unlock()
	err := readFull(img.file, s.buf, off)
	img.mu.Lock()
	s.loading = false
	img.changed.Broadcast()
	if err != nil {
		img.l2.drop(s)
		return nil, err
	}
	return s, nil
}

// lookup returns what is known of the disk from off on, up to n bytes, and up
// to the end of a slice; mu as for slice.
func (img *Image) lookup(off, n int64) (run, error) {
	g := &img.geo
	cluster := off >> g.clusterBits
	span := g.perSlice()
	end := min(off+n, (cluster/span+1)*span<<g.clusterBits)
	s, err := img.slice(cluster)
	if err != nil {
		return run{}, err
	}
	if s == nil {
		return run{kind: absent, n: end - off}, nil
	}
	var r run
	for off < end {
		_, at := g.place(off >> g.clusterBits)
		e, err := g.decode(s.buf[at&(g.sliceSize-1):])
		if err != nil {
			return run{}, fmt.Errorf("guest cluster %d: %w", off>>g.clusterBits, err)
		}
		k := r.extend(g, &e, off, end)
		if k == 0 {
			break
		}
		off += k
	}
	return r, nil
}

// extend makes r longer by what e, the entry of the cluster in which off is,
// continues it with, and returns by how much.
func (r *run) extend(g *geometry, e *entry, off, end int64) (grown int64) {
	in := off & (g.cluster - 1)
	end = min(end-off+in, g.cluster)
	if e.packed != 0 {
		if r.n > 0 {
			return 0
		}
		*r = run{kind: packed, packed: e.packed, n: end - in}
		return 0
	}
	for in < end {
		k, host := e.kind(int(in>>g.subBits)), e.host+in
		if r.n == 0 {
			*r = run{kind: k, host: host, owned: e.copied}
		} else if k != r.kind || k == data && (host != r.host+r.n || e.copied != r.owned) {
			return grown
		}
		step := min(end, (in>>g.subBits+1)<<g.subBits) - in
		r.n += step
		grown += step
		in += step
	}
	return grown
}

// publish changes the entries of clusters from first on, which are in one slice
// of a table of our own and locked by the caller.
func (img *Image) publish(first int64, old, now []entry) error {
	noted, err := img.change(first, old, now)
	if err == nil && img.journal != nil {
		img.noteEntries(noted, first, now)
	}
	return err
}

// change changes the entries, and takes room in the journal if there is one.
func (img *Image) change(first int64, old, now []entry) (noted room, err error) {
	g := &img.geo
	img.mu.Lock()
	defer img.mu.Unlock()
	s, err := img.slice(first)
	if err != nil {
		return room{}, err
	}
	if s == nil {
		return room{}, fmt.Errorf("the L2 table of cluster %d is gone: %w", first, ErrCorrupt)
	}
	for i := range now {
		_, at := g.place(first + int64(i))
		at &= g.sliceSize - 1
		g.encode(s.buf[at:], now[i])
		img.l2.mark(s, at, g.entrySize)
		img.unlink(old[i], now[i])
	}
	if img.journal != nil {
		noted = img.journal.reserve(len(now))
	}
	return noted, nil
}

// readPadded reads, and takes what is beyond the file's end for zeros.
func readPadded(file block.File, p []byte, off int64) error {
	n, err := file.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		clear(p[n:])
		return nil
	}
	return err
}
