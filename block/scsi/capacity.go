package scsi

import "encoding/binary"

// readCapacity10 is READ CAPACITY (10) (SBC-3 section 5.15).
func (c *Command) readCapacity10() error {
	u := c.unit
	if c.u32(2) != 0 || c.CDB[8]&1 != 0 {
		return invalidCDB(2)
	}
	var p [8]byte
	last := u.blocks() - 1
	binary.BigEndian.PutUint32(p[:], uint32(min(last, 0xffffffff)))
	binary.BigEndian.PutUint32(p[4:], uint32(u.blockSize))
	return c.give(p[:], len(p))
}

// readCapacity16 is READ CAPACITY (16) (SBC-3 section 5.16).
func (c *Command) readCapacity16() error {
	u := c.unit
	if c.address16() != 0 || c.CDB[14]&1 != 0 {
		return invalidCDB(2)
	}
	var p [32]byte
	binary.BigEndian.PutUint64(p[:], u.blocks()-1)
	binary.BigEndian.PutUint32(p[8:], uint32(u.blockSize))
	for n := u.caps.BlockSize / u.blockSize; n > 1 && p[13] < 15; n /= 2 {
		p[13]++ // logical blocks per physical one, as an exponent
	}
	if u.thin() {
		p[14] = 0x80 // LBPME
		if u.caps.TrimZeroes {
			p[14] |= 0x40
		}
	}
	return c.give(p[:], int(c.u32(10)))
}
