package qcow2

import (
	"errors"
	"fmt"
	"io"
)

// ErrCutOff is wrapped by the error about an image whose file ends before what it has.
var ErrCutOff = fmt.Errorf("%w: its file is cut off", ErrCorrupt)

// Whole tells, by an error, that an image's file ends before the last cluster that the
// image counts as used. It reads two clusters: reads beyond the end give zeros, as in
// QEMU, so that nothing else tells. The counts of an image that wasn't closed cleanly may
// have too few.
func (img *Image) Whole() error {
	size, err := img.file.Size()
	if err != nil {
		return fmt.Errorf("size of the image: %w", err)
	}
	last, err := img.lastUsed()
	if err != nil {
		return err
	}
	if last >= size {
		return fmt.Errorf("%w: it has %d bytes, and uses more", ErrCutOff, size)
	}
	return nil
}

// lastUsed is where in the file the last cluster begins that the reference counts have; -1
// for none.
func (img *Image) lastUsed() (int64, error) {
	img.mu.Lock()
	h := img.header
	img.mu.Unlock()
	table, err := readTable(img.file, int64(h.reftableOffset), int(h.reftableClusters)<<h.clusterBits/8)
	if err != nil {
		return 0, fmt.Errorf("read the refcount table: %w", err)
	}
	last := len(table) - 1
	for last >= 0 && table[last] == 0 {
		last--
	}
	if last < 0 {
		return -1, nil
	}
	cluster := uint64(1) << h.clusterBits
	counts, at := make([]byte, cluster), int64(table[last]&^(1<<63|(cluster-1)))
	n, err := img.file.ReadAt(counts, at)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return 0, fmt.Errorf("read a refcount block: %w", err)
	case n < len(counts):
		return at + int64(n), nil // it isn't all there itself
	}
	used := lastCount(counts, h.refcountOrder)
	if used < 0 {
		return -1, nil
	}
	return (int64(last)<<(h.clusterBits+3-h.refcountOrder) + used) << h.clusterBits, nil
}

// lastCount is the number of the last count in a block of them that isn't 0; -1 for none.
func lastCount(block []byte, order uint32) int64 {
	for i := len(block) - 1; i >= 0; i-- {
		if block[i] == 0 {
			continue
		}
		if order >= 3 {
			return int64(i) >> (order - 3)
		}
		perByte := 8 >> order
		for k := perByte - 1; k >= 0; k-- {
			if block[i]>>(k<<order)&(1<<(1<<order)-1) != 0 {
				return int64(i*perByte + k)
			}
		}
	}
	return -1
}
