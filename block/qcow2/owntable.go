package qcow2

import (
	"encoding/binary"
	"fmt"
)

// ownTable makes sure that the L2 table of a cluster exists and belongs to the
// disk alone, so that it may be changed.
func (img *Image) ownTable(cluster int64) error {
	i, _ := img.geo.place(cluster)
	if img.owns(i) {
		return nil
	}
	img.growth.Lock()
	defer img.growth.Unlock()
	if img.owns(i) {
		return nil
	}
	if err := img.keepPlace(i); err != nil {
		return fmt.Errorf("make an L2 table: %w", err)
	}
	host, _, _, err := img.allocate(1)
	if err != nil {
		return err
	}
	if err := img.putTable(i, host); err != nil {
		img.giveBack(host, 1)
		return fmt.Errorf("make an L2 table: %w", err)
	}
	return nil
}

// keepPlace writes the i-th L1 entry as it is, so that the file has space for
// what a flush will write there: it may be a hole.
func (img *Image) keepPlace(i int) error {
	img.mu.Lock()
	word := binary.BigEndian.AppendUint64(nil, img.l1[i])
	img.mu.Unlock()
	_, err := img.file.WriteAt(word, int64(img.header.l1Offset)+int64(i)*8)
	return err
}

// putTable makes a host cluster the i-th L2 table, a copy of what that was.
func (img *Image) putTable(i int, host int64) error {
	img.mu.Lock()
	old := img.tableAt(i)
	img.mu.Unlock()
	if err := img.copyTable(old, host); err != nil {
		return err
	}
	img.counts.metadata.add(host>>img.geo.clusterBits, 1)
	noted := img.changeTable(i, host, old)
	if img.journal != nil {
		img.noteTable(noted, i, host)
	}
	return nil
}

// changeTable changes the L1 entry, and takes room in the journal if there is
// one.
func (img *Image) changeTable(i int, host, old int64) (noted room) {
	img.mu.Lock()
	defer img.mu.Unlock()
	img.l1[i] = uint64(host) | flagCopied
	img.dirtyL1 = append(img.dirtyL1, i)
	if old != 0 {
		img.giveUp(freed{first: old >> img.geo.clusterBits, n: 1, table: true})
	}
	img.forget(host)
	if img.journal != nil {
		noted = img.journal.reserve(1)
	}
	return noted
}

// forget drops slices of a cluster that has become a table; mu is held.
func (img *Image) forget(host int64) {
	for off := host; off < host+img.geo.cluster; off += img.geo.sliceSize {
		if s := img.l2.byOff[off]; s != nil && s.dirty|s.writing == 0 && !s.loading {
			img.l2.drop(s)
		}
	}
}

func (img *Image) owns(l1 int) bool {
	img.mu.Lock()
	defer img.mu.Unlock()
	return img.l1[l1]&flagCopied != 0 && img.l1[l1]&offsetMask != 0
}

// copyTable writes a table of zeros, or the one at old, to host. The file has
// all of the old one, because it isn't ours to change.
func (img *Image) copyTable(old, host int64) error {
	sc := img.scratch.Get().(*scratch)
	defer img.scratch.Put(sc)
	for at := int64(0); at < img.geo.cluster; at += int64(len(sc.buf)) {
		b := sc.buf[:min(int64(len(sc.buf)), img.geo.cluster-at)]
		clear(b)
		if old != 0 {
			if err := readFull(img.file, b, old+at); err != nil {
				return err
			}
		}
		if _, err := img.file.WriteAt(b, host+at); err != nil {
			return err
		}
	}
	img.unsynced.Store(true)
	return nil
}
