package qcow2

import (
	"encoding/binary"
	"fmt"
)

// maxBitmapDirectory is QEMU's limit for the bitmaps' directory, in bytes.
const maxBitmapDirectory = 65535 * 1024

// countBitmaps counts the bitmaps' directory, their tables and clusters
// ("Bitmaps"), where they are valid.
func (c *census) countBitmaps() error {
	h, g := &c.img.header, &c.img.geo
	if len(h.bitmaps) < 24 || h.autoclear&1 == 0 {
		return nil
	}
	be := binary.BigEndian
	n, size, off := be.Uint32(h.bitmaps), be.Uint64(h.bitmaps[8:]), int64(be.Uint64(h.bitmaps[16:]))
	if size > maxBitmapDirectory || off < 0 || int64(size) > c.limit<<g.clusterBits {
		return fmt.Errorf("a bitmap directory of %d bytes: %w", size, ErrCorrupt)
	}
	dir := make([]byte, size)
	if err := readFull(c.img.file, dir, off); err != nil {
		return fmt.Errorf("read the bitmap directory: %w", err)
	}
	if err := c.use(off, g.clusters(int64(size)), 1, "bitmap directory"); err != nil {
		return err
	}
	for i := range n {
		if len(dir) < 24 {
			return fmt.Errorf("the bitmap directory ends early: %w", ErrCorrupt)
		}
		if err := c.countBitmap(int(i), int64(be.Uint64(dir)), int64(be.Uint32(dir[8:]))); err != nil {
			return err
		}
		length := (24 + int64(be.Uint16(dir[18:])) + int64(be.Uint32(dir[20:])) + 7) &^ 7
		dir = dir[min(length, int64(len(dir))):]
	}
	return nil
}

func (c *census) countBitmap(i int, off, n int64) error {
	g := &c.img.geo
	if off < 0 || n*8 > c.limit<<g.clusterBits {
		return fmt.Errorf("bitmap %d has a table of %d entries: %w", i, n, ErrCorrupt)
	}
	if err := c.use(off, g.clusters(n*8), 1, "bitmap %d", i); err != nil {
		return err
	}
	table, err := readTable(c.img.file, off, int(n))
	if err != nil {
		return fmt.Errorf("read the table of bitmap %d: %w", i, err)
	}
	for _, word := range table {
		if at := int64(word & offsetMask); at != 0 {
			if err := c.use(at, 1, 1, "bitmap %d", i); err != nil {
				return err
			}
		}
	}
	return nil
}
