package iscsi

import (
	"encoding/binary"
	"slices"
)

// inquiry is INQUIRY (SPC-4 section 6.6).
func (t *task) inquiry() error {
	page, allocation := t.cdb[2], t.u16(3)
	if t.nexus == nil {
		if t.cdb[1]&1 != 0 {
			return fails(senseLUN)
		}
		return t.give(noUnitInquiry(), allocation)
	}
	u := t.nexus.unit
	switch {
	case t.cdb[1]&2 != 0: // CMDDT, obsolete
		return invalidCDB(1)
	case t.cdb[1]&1 == 0 && page != 0:
		return invalidCDB(2)
	case t.cdb[1]&1 == 0:
		return t.give(u.standardInquiry(), allocation)
	}
	data, ok := u.vitalProduct(page, t)
	if !ok {
		return invalidCDB(2)
	}
	return t.give(data, allocation)
}

// noUnitInquiry says that there is no logical unit (SPC-4 table 175).
func noUnitInquiry() []byte {
	p := make([]byte, 36)
	p[0], p[2], p[3], p[4] = 0x7f, 6, 2, 31
	fill(p[8:], "SPUR", "", "")
	return p
}

// versions are the version descriptors: SAM-5, iSCSI, SPC-4, SBC-3
// (SPC-4 table 177).
var versions = []uint16{0x00a0, 0x0960, 0x0460, 0x04c0}

// standardInquiry is the standard data (SPC-4 section 6.6.2).
func (u *unit) standardInquiry() []byte {
	p := make([]byte, 96)
	if u.lun.Removable {
		p[1] = 0x80
	}
	p[2] = 6        // SPC-4
	p[3] = 0x10 | 2 // HISUP, response data format
	p[4] = 96 - 5   // additional length
	p[7] = 0x02     // CMDQUE
	fill(p[8:], orString(u.lun.Vendor, "SPUR"), orString(u.lun.Product, "VIRTUAL DISK"), orString(u.lun.Revision, "1"))
	for i, v := range versions {
		binary.BigEndian.PutUint16(p[58+2*i:], v)
	}
	return p
}

func orString(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// fill writes vendor, product and revision, padded by spaces.
func fill(p []byte, vendor, product, revision string) {
	for i := range 28 {
		p[i] = ' '
	}
	ascii(p[0:8], vendor)
	ascii(p[8:24], product)
	ascii(p[24:28], revision)
}

// ascii copies printable characters (SPC-4 section 4.4.1).
func ascii(p []byte, s string) {
	for i := range min(len(p), len(s)) {
		if p[i] = s[i]; p[i] < ' ' || p[i] > '~' {
			p[i] = '?'
		}
	}
}

// vitalProduct is a VPD page (SPC-4 section 7.8, SBC-3 section 6.6).
func (u *unit) vitalProduct(page byte, t *task) ([]byte, bool) {
	var body []byte
	switch page {
	case 0x00:
		body = []byte{0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2}
	case 0x80:
		body = []byte(u.serial)
	case 0x83:
		body = u.identification(t)
	case 0xb0:
		body = u.blockLimits(t.s.srv.bounds.MaxTransfer)
	case 0xb1:
		body = u.characteristics()
	case 0xb2:
		body = u.provisioning()
	default:
		return nil, false
	}
	head := []byte{0, page, byte(len(body) >> 8), byte(len(body))}
	return append(head, body...), true
}

// identification is page 83h: designators of the unit and of the target port
// (SPC-4 section 7.8.6).
func (u *unit) identification(t *task) []byte {
	p := append([]byte{0x01, 0x03, 0, byte(len(u.id))}, u.id[:]...) // NAA of the unit
	t10 := make([]byte, 8, 8+len(u.serial))
	for i := range t10 {
		t10[i] = ' '
	}
	ascii(t10, orString(u.lun.Vendor, "SPUR"))
	t10 = append(t10, u.serial...)
	t10 = t10[:min(len(t10), 255)]
	p = append(p, 0x02, 0x01, 0, byte(len(t10)))
	p = append(p, t10...)
	port := scsiName(t.s.target.Name + ",t,0x0001")
	p = append(p, 0x53, 0x98, 0, byte(len(port))) // SCSI name string of the port, iSCSI
	p = append(p, port...)
	p = append(p, 0x51, 0x94, 0, 4, 0, 0, 0, 1) // relative target port
	device := scsiName(t.s.target.Name)
	p = append(p, 0x53, 0xa8, 0, byte(len(device))) // of the target device
	return append(p, device...)
}

// scsiName ends a name by NUL and pads it to four bytes (SPC-4 section
// 7.8.6.11).
func scsiName(name string) []byte {
	p := append([]byte(name[:min(len(name), 248)]), 0)
	return append(p, zeroPad[:pad(len(p))]...)
}

// Limits that initiators are told.
const (
	maxUnmapDescriptors = 256
	maxCompareBytes     = 64 << 10
	maxUnmapBlocks      = 1 << 20
)

// blockLimits is page B0h (SBC-3 section 6.6.3).
func (u *unit) blockLimits(maxTransfer int) []byte {
	p := make([]byte, 60)
	unit := max(u.caps.BlockSize/u.blockSize, 1)
	p[1] = byte(u.maxCompare())
	p[0] = 1 // WSNZ: a WRITE SAME of 0 blocks is refused
	binary.BigEndian.PutUint16(p[2:], uint16(min(unit, 0xffff)))
	binary.BigEndian.PutUint32(p[4:], uint32(maxTransfer/u.blockSize))
	binary.BigEndian.PutUint32(p[8:], uint32(min(maxTransfer, 1<<20)/u.blockSize))
	if u.thin() {
		binary.BigEndian.PutUint32(p[16:], maxUnmapBlocks)
		binary.BigEndian.PutUint32(p[20:], maxUnmapDescriptors)
		binary.BigEndian.PutUint32(p[24:], uint32(unit))
		binary.BigEndian.PutUint32(p[28:], 1<<31) // UGAVALID, alignment 0
	}
	binary.BigEndian.PutUint64(p[32:], uint64(maxTransfer/u.blockSize)) // of WRITE SAME
	return p
}

func (u *unit) maxCompare() int { return min(maxCompareBytes/u.blockSize, 255) }
func (u *unit) thin() bool      { return u.caps.Trim && !u.readOnly }

// characteristics is page B1h (SBC-3 section 6.6.2).
func (u *unit) characteristics() []byte {
	p := make([]byte, 60)
	p[1] = 1 // not rotating
	if u.lun.Rotating {
		p[0], p[1] = 7200>>8, 7200&0xff
	}
	return p
}

// provisioning is page B2h (SBC-3 section 6.6.4).
func (u *unit) provisioning() []byte {
	p := make([]byte, 4)
	if u.thin() {
		p[1] = 0xe0 // LBPU, LBPWS, LBPWS10
		p[2] = 2    // thin
		if u.caps.TrimZeroes {
			p[1] |= 0x04 // LBPRZ
		}
	}
	return p
}

// requestSense is REQUEST SENSE (SPC-4 section 6.39): a pending unit attention
// or nothing, since every command brought its own sense data.
func (t *task) requestSense() error {
	e := check{code: senseNone}
	if t.nexus == nil {
		e.code = senseLUN
	} else if code := t.nexus.takeAttention(); code != senseNone {
		e.code = code
	}
	return t.give(e.appendTo(nil, t.cdb[1]&1 != 0), int(t.cdb[4]))
}

func (t *task) testUnitReady() error { return nil }

// reportLUNs is REPORT LUNS (SPC-4 section 6.33).
func (t *task) reportLUNs() error {
	allocation := int(t.u32(6))
	switch {
	case allocation < 16:
		return invalidCDB(6)
	case t.cdb[2] == 1: // well known units only: none
		return t.give(make([]byte, 8), allocation)
	case t.cdb[2] > 2:
		return invalidCDB(2)
	}
	var numbers []uint64
	for n := range t.s.target.LUNs {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	p := make([]byte, 8, 8+8*len(numbers))
	binary.BigEndian.PutUint32(p, uint32(8*len(numbers)))
	for _, n := range numbers {
		p = binary.BigEndian.AppendUint64(p, lunWire(n))
	}
	return t.give(p, allocation)
}

// readCapacity10 is READ CAPACITY (10) (SBC-3 section 5.15).
func (t *task) readCapacity10() error {
	u := t.nexus.unit
	if t.u32(2) != 0 || t.cdb[8]&1 != 0 {
		return invalidCDB(2)
	}
	var p [8]byte
	last := u.blocks() - 1
	binary.BigEndian.PutUint32(p[:], uint32(min(last, 0xffffffff)))
	binary.BigEndian.PutUint32(p[4:], uint32(u.blockSize))
	return t.give(p[:], len(p))
}

// readCapacity16 is READ CAPACITY (16) (SBC-3 section 5.16).
func (t *task) readCapacity16() error {
	u := t.nexus.unit
	if t.address16() != 0 || t.cdb[14]&1 != 0 {
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
	return t.give(p[:], int(t.u32(10)))
}
