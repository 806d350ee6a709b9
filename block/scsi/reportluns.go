package scsi

import (
	"encoding/binary"
	"maps"
	"slices"
)

// MaxLUN is the highest number of flat addressing (SAM-5 section 4.7.7.3).
const MaxLUN = 16383

// ParseLUN decodes the eight bytes of a LUN: peripheral or flat addressing,
// one level (SAM-5 section 4.7).
func ParseLUN(wire uint64) (number uint64, ok bool) {
	if wire&(1<<48-1) != 0 {
		return 0, false
	}
	switch top := wire >> 48; top >> 14 {
	case 0:
		return top & 0xff, top>>8 == 0
	case 1:
		return top & 0x3fff, true
	default:
		return 0, false
	}
}

// FormatLUN encodes a number the way that initiators expect: peripheral
// addressing up to 255, flat above.
func FormatLUN(n uint64) uint64 {
	if n < 256 {
		return n << 48
	}
	return (1<<14 | n) << 48
}

// reportLUNs is REPORT LUNS (SPC-4 section 6.33).
func (c *Command) reportLUNs() error {
	allocation := int(c.u32(6))
	switch {
	case allocation < 16:
		return invalidCDB(6)
	case c.CDB[2] == 1: // well known units only: none
		return c.give(make([]byte, 8), allocation)
	case c.CDB[2] > 2:
		return invalidCDB(2)
	}
	numbers := slices.Sorted(maps.Keys(c.nexus.Units))
	p := make([]byte, 8, 8+8*len(numbers))
	binary.BigEndian.PutUint32(p, uint32(8*len(numbers)))
	for _, n := range numbers {
		p = binary.BigEndian.AppendUint64(p, FormatLUN(n))
	}
	return c.give(p, allocation)
}
