package iso

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
)

// sectorSize is that of optical discs (ECMA-119 section 6.1).
const sectorSize = 2048

// firstDescriptor is the sector of the first volume descriptor, mostDescriptors how
// many are looked at (ECMA-119 section 6.3).
const (
	firstDescriptor = 16
	mostDescriptors = 64
)

// The types of volume descriptors (ECMA-119 section 8.1.1).
const (
	bootRecord    = 0
	primary       = 1
	supplementary = 2
	terminator    = 255
)

// descriptors are the volume descriptors at the start of an image.
type descriptors struct {
	primary, joliet, boot []byte
	udf                   bool // NSR02 or NSR03 is among them (ECMA-167 part 3, section 9.1)
}

// readDescriptors reads them up to the first sector that is none.
func readDescriptors(m medium) (d descriptors, err error) {
	for i := int64(firstDescriptor); i < firstDescriptor+mostDescriptors; i++ {
		if (i+1)*sectorSize > m.size {
			return d, nil
		}
		b, err := m.read(i*sectorSize, sectorSize)
		if err != nil {
			return d, err
		}
		if !d.add(b) {
			return d, nil
		}
	}
	return d, nil
}

// add takes a sector in; false says that it is no descriptor.
func (d *descriptors) add(b []byte) bool {
	switch string(b[1:6]) {
	case "CD001":
		switch {
		case b[0] == primary && d.primary == nil:
			d.primary = b
		case b[0] == supplementary && isJoliet(b) && d.joliet == nil:
			d.joliet = b
		case b[0] == bootRecord && bytes.HasPrefix(b[7:], []byte("EL TORITO SPECIFICATION")) && d.boot == nil:
			d.boot = b
		}
	case "NSR02", "NSR03":
		d.udf = true
	case "BEA01", "TEA01", "BOOT2", "CDW02":
	default:
		return false
	}
	return true
}

// isJoliet tells whether a supplementary descriptor has names in UCS-2: the escape
// sequences of its three levels (Joliet specification, section 2).
func isJoliet(b []byte) bool {
	return slices.Contains([]string{"%/@", "%/C", "%/E"}, string(b[88:91]))
}

// openISO9660 is the file system that a primary or supplementary descriptor begins.
func openISO9660(m medium, descriptor []byte) (*iso9660, error) {
	v := &iso9660{
		block:  int64(binary.LittleEndian.Uint16(descriptor[128:])),
		joliet: descriptor[0] == supplementary,
	}
	if v.block < 512 || v.block > sectorSize || v.block&(v.block-1) != 0 {
		return nil, damaged("its blocks have %d bytes", v.block)
	}
	v.label = strings.TrimRight(string(descriptor[40:72]), " \x00")
	if v.joliet {
		v.label = strings.TrimRight(fromUCS2(descriptor[40:72]), " \x00")
	}
	record := descriptor[156:190]
	if record[0] < 34 || record[25]&flagDirectory == 0 {
		return nil, damaged("its root is no directory")
	}
	v.top = v.plain(record)
	if v.joliet {
		return v, nil
	}
	if err := v.findRockRidge(m); err != nil {
		return nil, err
	}
	return v, nil
}

// fromUCS2 reads a name in UCS-2 or UTF-16, the higher byte first.
func fromUCS2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
