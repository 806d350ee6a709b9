package qcow2

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/spurboot/spur/block"
)

// Resize makes the disk larger, to a multiple of 512 bytes; what is added reads
// as zeros. To make it smaller is refused. Other operations wait meanwhile.
func (img *Image) Resize(ctx context.Context, size int64) error {
	if err := img.writable(); err != nil {
		return err
	}
	if err := img.alone(ctx); err != nil {
		return err
	}
	defer img.letIn()
	old := img.Size()
	if size < old {
		return fmt.Errorf("make a disk of %d bytes smaller, %d bytes: %w; copy what is needed to a new one", old, size, ErrUnsupported)
	}
	entries := img.geo.l1Entries(size)
	if size%sector != 0 || entries > maxL1Bytes/8 {
		return fmt.Errorf("a disk of %d bytes with clusters of %d: %w; it must be a multiple of 512, and needs larger clusters if it is large", size, img.geo.cluster, block.ErrOutOfRange)
	}
	if entries > int64(len(img.l1)) {
		if err := img.growL1(ctx, entries); err != nil {
			return fmt.Errorf("move the L1 table: %w", err)
		}
	}
	img.size.Store(size)
	err := img.zeroBehind(ctx, old, size)
	if err == nil {
		err = img.changeHeader(func(h *header) { h.size = uint64(size) })
	}
	if err != nil {
		img.size.Store(old)
	}
	return err
}

// zeroBehind zeroes, before the disk grows, what lies behind its end: the rest
// of the last cluster and what a longer backing image has there.
func (img *Image) zeroBehind(ctx context.Context, old, size int64) error {
	end := (old + img.geo.cluster - 1) &^ (img.geo.cluster - 1)
	if img.backing != nil {
		end = max(end, img.backing.Size())
	}
	if end = min(end, size); end > old {
		if err := img.zero(ctx, old, end-old, false); err != nil {
			return err
		}
	}
	return img.Flush(ctx)
}

// changeHeader changes the header and makes that durable.
func (img *Image) changeHeader(change func(h *header)) error {
	img.heading.Lock()
	defer img.heading.Unlock()
	was := img.header
	change(&img.header)
	err := img.writeHeader()
	if err != nil {
		img.header = was
	}
	return err
}

// growL1 moves the L1 table to where it may have so many entries.
func (img *Image) growL1(ctx context.Context, entries int64) error {
	if err := img.markDirty(); err != nil {
		return err
	}
	if err := img.takeFlush(ctx); err != nil {
		return err
	}
	defer img.endFlush()
	g, r := &img.geo, &img.counts
	r.mu.Lock()
	first, err := r.takeRow(g.clusters(entries * 8))
	r.mu.Unlock()
	if err != nil {
		return err
	}
	b := make([]byte, g.clusters(entries*8)<<g.clusterBits)
	for i, word := range img.l1 {
		binary.BigEndian.PutUint64(b[i*8:], word)
	}
	if _, err := img.file.WriteAt(b, first<<g.clusterBits); err != nil {
		img.giveBack(first<<g.clusterBits, g.clusters(entries*8))
		return err
	}
	img.unsynced.Store(true)
	if err := img.flush(img.lazy); err != nil {
		return err
	}
	old := freed{first: int64(img.header.l1Offset) >> g.clusterBits, n: g.clusters(int64(len(img.l1)) * 8), table: true}
	if err := img.changeHeader(func(h *header) {
		h.l1Offset, h.l1Size = uint64(first)<<g.clusterBits, uint32(entries)
	}); err != nil {
		return err
	}
	img.mu.Lock()
	img.l1 = append(img.l1, make([]uint64, entries-int64(len(img.l1)))...)
	img.mu.Unlock()
	r.metadata.add(first, g.clusters(entries*8))
	if old.n > 0 {
		img.waiting = append(img.waiting, old)
		img.late.Add(old.n)
	}
	return nil
}
