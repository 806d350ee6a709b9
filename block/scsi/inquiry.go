package scsi

import (
	"cmp"
	"encoding/binary"
)

// inquiry is INQUIRY (SPC-4 section 6.6).
func (c *Command) inquiry() error {
	page, allocation := c.CDB[2], c.u16(3)
	if c.unit == nil {
		if c.CDB[1]&1 != 0 {
			return fails(senseLUN)
		}
		return c.give(noUnitInquiry(), allocation)
	}
	u := c.unit
	switch {
	case c.CDB[1]&2 != 0: // CMDDT, obsolete
		return invalidCDB(1)
	case c.CDB[1]&1 == 0 && page != 0:
		return invalidCDB(2)
	case c.CDB[1]&1 == 0:
		return c.give(u.standardInquiry(), allocation)
	}
	data, ok := u.vitalProduct(page, c.nexus)
	if !ok {
		return invalidCDB(2)
	}
	return c.give(data, allocation)
}

// noUnitInquiry says that there is no logical unit (SPC-4 table 175).
func noUnitInquiry() []byte {
	p := make([]byte, 36)
	p[0], p[2], p[3], p[4] = 0x7f, 6, 2, 31
	fill(p[8:], defaultVendor, "", "")
	return p
}

// versions are the version descriptors: SAM-5, iSCSI, SPC-4, SBC-3
// (SPC-4 table 177).
var versions = []uint16{0x00a0, 0x0960, 0x0460, 0x04c0}

// standardInquiry is the standard data (SPC-4 section 6.6.2).
func (u *Unit) standardInquiry() []byte {
	p := make([]byte, 96)
	if u.Removable {
		p[1] = 0x80
	}
	p[2] = 6        // SPC-4
	p[3] = 0x10 | 2 // HISUP, response data format
	p[4] = 96 - 5   // additional length
	p[7] = 0x02     // CMDQUE
	fill(p[8:], cmp.Or(u.Vendor, defaultVendor), cmp.Or(u.Product, "VIRTUAL DISK"), cmp.Or(u.Revision, "1"))
	for i, v := range versions {
		binary.BigEndian.PutUint16(p[58+2*i:], v)
	}
	return p
}

// defaultVendor is that of units without one.
const defaultVendor = "SPUR"

// fill writes vendor, product and revision.
func fill(p []byte, vendor, product, revision string) {
	ascii(p[0:8], vendor)
	ascii(p[8:24], product)
	ascii(p[24:28], revision)
}

// ascii copies printable characters, and pads them by spaces (SPC-4 section 4.4.1).
func ascii(p []byte, s string) {
	for i := range p {
		switch {
		case i >= len(s):
			p[i] = ' '
		case s[i] < ' ' || s[i] > '~':
			p[i] = '?'
		default:
			p[i] = s[i]
		}
	}
}
