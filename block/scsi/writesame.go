package scsi

import (
	"bytes"

	"github.com/spurboot/spur/block"
)

// writeSame is WRITE SAME (10) and (16) (SBC-3 sections 5.42 and 5.43).
func (c *Command) writeSame() error {
	u := c.unit
	unmap := c.CDB[1]&0x08 != 0
	noData := c.CDB[0] == 0x93 && c.CDB[1]&0x01 != 0
	off, n, err := c.blocks()
	switch {
	case err != nil:
		return err
	case c.CDB[1]&0x16 != 0: // ANCHOR, and what is obsolete
		return invalidCDB(1)
	case unmap && !u.thin() && !u.readOnly:
		return invalidCDB(1)
	case n == 0 || n > int64(c.nexus.MaxTransfer): // WSNZ, MAXIMUM WRITE SAME LENGTH
		return invalidCDB(c.countField())
	}
	if err := u.writable(); err != nil {
		return err
	}
	var pattern []byte
	if !noData {
		if pattern, err = c.exactly(u.blockSize); err != nil {
			return err
		}
	}
	u.atomic.RLock()
	defer u.atomic.RUnlock()
	return c.same(off, n, pattern, unmap)
}

func (c *Command) same(off, n int64, pattern []byte, unmap bool) error {
	u := c.unit
	if !isZero(pattern) {
		return c.repeat(off, n, pattern)
	}
	flags := block.NoHole
	if unmap {
		flags = 0
	}
	if u.writesThrough() {
		flags |= block.ZeroFUA
	}
	return deviceError(u.Device.Zero(c.ctx, off, n, flags), senseWriteError)
}

// repeat writes a block over and over. WRITE SAME has no FUA bit; its place in
// the CDB is UNMAP.
func (c *Command) repeat(off, n int64, pattern []byte) error {
	p := c.Transport.Scratch(int(min(n, chunk)))
	if p == nil {
		return ErrBusy
	}
	for at := 0; at < len(p); at += len(pattern) {
		copy(p[at:], pattern)
	}
	var flags block.WriteFlags
	if c.unit.writesThrough() {
		flags = block.FUA
	}
	for ; n > 0; off, n = off+int64(len(p)), n-int64(len(p)) {
		p = p[:min(n, chunk)]
		if err := c.unit.Device.Write(c.ctx, p, off, flags); err != nil {
			return deviceError(err, senseWriteError)
		}
	}
	return nil
}

func isZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[1:], p[:len(p)-1])
}
