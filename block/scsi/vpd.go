package scsi

import (
	"cmp"
	"encoding/binary"
)

// vitalProduct is a VPD page (SPC-4 section 7.8, SBC-3 section 6.6).
func (u *Unit) vitalProduct(page byte, n *Nexus) ([]byte, bool) {
	var body []byte
	switch page {
	case 0x00:
		body = []byte{0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2}
	case 0x80:
		body = []byte(u.serial)
	case 0x83:
		body = u.identification(n.Target)
	case 0xb0:
		body = u.blockLimits(n.MaxTransfer)
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
func (u *Unit) identification(target string) []byte {
	p := append([]byte{0x01, 0x03, 0, byte(len(u.id))}, u.id[:]...) // NAA of the unit
	t10 := append(make([]byte, 8, 8+len(u.serial)), u.serial...)
	ascii(t10[:8], cmp.Or(u.Vendor, defaultVendor))
	t10 = t10[:min(len(t10), 255)]
	p = append(p, 0x02, 0x01, 0, byte(len(t10)))
	p = append(p, t10...)
	port := scsiName(target + ",t,0x0001")
	p = append(p, 0x53, 0x98, 0, byte(len(port))) // SCSI name string of the port, iSCSI
	p = append(p, port...)
	p = append(p, 0x51, 0x94, 0, 4, 0, 0, 0, 1) // relative target port
	device := scsiName(target)
	p = append(p, 0x53, 0xa8, 0, byte(len(device))) // of the target device
	return append(p, device...)
}

// scsiName ends a name by NUL and pads it to four bytes (SPC-4 section
// 7.8.6.11).
func scsiName(name string) []byte {
	p := append([]byte(name[:min(len(name), 248)]), 0)
	return append(p, make([]byte, -len(p)&3)...)
}

// Limits that initiators are told.
const (
	maxUnmapDescriptors = 256
	maxCompareBytes     = 64 << 10
	maxUnmapBlocks      = 1 << 20
)

// blockLimits is page B0h (SBC-3 section 6.6.3).
func (u *Unit) blockLimits(maxTransfer int) []byte {
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

func (u *Unit) maxCompare() int { return min(maxCompareBytes/u.blockSize, 255) }

// characteristics is page B1h (SBC-3 section 6.6.2).
func (u *Unit) characteristics() []byte {
	p := make([]byte, 60)
	p[1] = 1 // not rotating
	if u.Rotating {
		p[0], p[1] = 7200>>8, 7200&0xff
	}
	return p
}

// provisioning is page B2h (SBC-3 section 6.6.4).
func (u *Unit) provisioning() []byte {
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
