package qcow2

import (
	"encoding/binary"
	"fmt"
)

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
