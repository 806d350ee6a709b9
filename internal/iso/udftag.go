package iso

import "encoding/binary"

// The tags of descriptors (ECMA-167 part 3, section 7.2.1, and part 4, section 7.2.1).
const (
	tagAnchor          = 2
	tagPointer         = 3
	tagPartition       = 5
	tagLogicalVolume   = 6
	tagTerminator      = 8
	tagFileSet         = 256
	tagFileIdentifier  = 257
	tagAllocation      = 258
	tagFileEntry       = 261
	tagExtendedEntry   = 266
	descriptorTagBytes = 16
)

// checkTag looks whether a descriptor is of the kind that it should be and undamaged.
func checkTag(b []byte, want uint16) error {
	if len(b) < descriptorTagBytes {
		return damaged("a descriptor is cut off")
	}
	sum := byte(0)
	for i, c := range b[:descriptorTagBytes] {
		if i != 4 {
			sum += c
		}
	}
	if got := binary.LittleEndian.Uint16(b); got != want || sum != b[4] {
		return damaged("a descriptor isn't of the type %d", want)
	}
	covered := int(binary.LittleEndian.Uint16(b[10:]))
	if covered > len(b)-descriptorTagBytes {
		return damaged("a descriptor of the type %d is cut off", want)
	}
	if crc16(b[descriptorTagBytes:descriptorTagBytes+covered]) != binary.LittleEndian.Uint16(b[8:]) {
		return damaged("a descriptor of the type %d has a wrong checksum", want)
	}
	return nil
}

// crc16 is the checksum of ECMA-167 (part 1, section 7.2.6): the polynomial x^16 + x^12
// + x^5 + 1, beginning with 0. Eight bits are divided at once: of this polynomial the
// quotient of eight is x ^ x>>4.
func crc16(b []byte) uint16 {
	crc := uint16(0)
	for _, c := range b {
		x := crc>>8 ^ uint16(c)
		x ^= x >> 4
		crc = crc<<8 ^ x<<12 ^ x<<5 ^ x
	}
	return crc
}
