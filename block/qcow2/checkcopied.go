package qcow2

import (
	"context"
	"encoding/binary"
)

// checkCopied compares the COPIED flags of the disk's own tables with the
// counts, or sets them right.
func (c *census) checkCopied(ctx context.Context, repair bool) error {
	img, g := c.img, &c.img.geo
	for i, word := range img.l1 {
		table := int64(word & offsetMask)
		if table == 0 || table&(g.cluster-1) != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if want := c.tally.get(table>>g.clusterBits) == 1; want != (word&flagCopied != 0) {
			if !repair {
				c.report.fault("L2 table %d: its COPIED flag is wrong", i)
			} else {
				img.l1[i] ^= flagCopied
				img.dirtyL1 = append(img.dirtyL1, i)
			}
		}
		if readFull(img.file, c.buf, table) != nil {
			continue // reported by countL1
		}
		if err := c.checkCopiedL2(i, table, repair); err != nil {
			return err
		}
	}
	return nil
}

func (c *census) checkCopiedL2(i int, table int64, repair bool) error {
	g := &c.img.geo
	for at := int64(0); at < g.cluster; at += g.entrySize {
		e, err := g.decode(c.buf[at:])
		if err != nil || e.host == 0 || e.copied == (c.tally.get(e.host>>g.clusterBits) == 1) {
			continue
		}
		if !repair {
			c.report.fault("guest cluster %d: its COPIED flag is wrong", int64(i)<<g.l2Bits+at/g.entrySize)
			continue
		}
		b := c.buf[at : at+8]
		binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)^flagCopied)
		if _, err := c.img.file.WriteAt(b, table+at); err != nil {
			return err
		}
		c.img.unsynced.Store(true)
	}
	return nil
}
