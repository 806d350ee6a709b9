package iso

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf16"
)

// udf is a file system by ECMA-167 as OSTA's UDF 1.02 to 2.60 has it.
type udf struct {
	label      string
	revision   uint16 // 0x0102 is 1.02
	block      int64
	partitions []udfPartition
	end        int64 // of the partition that ends last
	top        *node
}

func (v *udf) root() *node { return v.top }

// exact: nobody who writes media of UDF means two files by names that differ in case,
// and loaders of Windows' media don't keep to it.
func (v *udf) exact() bool { return false }

func (v *udf) format() string { return fmt.Sprintf("UDF %x.%02x", v.revision>>8, v.revision&0xff) }

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

// openUDF finds the anchor, by which also the size of a block shows, and reads what it
// leads to.
func openUDF(m medium) (*udf, error) {
	for _, block := range []int64{sectorSize, 512, 4096, 1024} {
		for _, at := range []int64{256, m.size/block - 1, m.size/block - 257, 512} {
			if m.within(at*block, block) != nil {
				continue
			}
			b, err := m.read(at*block, block)
			if err != nil {
				return nil, err
			}
			if checkTag(b, tagAnchor) == nil && int64(binary.LittleEndian.Uint32(b[12:])) == at {
				return readUDF(m, block, b)
			}
		}
	}
	return nil, ErrNotDisc
}

// readUDF reads the volume to which an anchor leads: to two sequences of descriptors
// that say the same.
func readUDF(m medium, block int64, anchor []byte) (*udf, error) {
	var first error
	for _, at := range []int{16, 24} {
		v := &udf{block: block}
		err := v.readVolume(m, anchor[at:])
		if err == nil {
			return v, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// readVolume reads one sequence, and the root directory's entry.
func (v *udf) readVolume(m medium, extent []byte) error {
	d, err := v.readSequence(m, extent)
	if err != nil {
		return err
	}
	if d.logical == nil || len(d.partitions) == 0 {
		return damaged("it has no volume or no partition")
	}
	if size := int64(binary.LittleEndian.Uint32(d.logical[212:])); size != v.block {
		return damaged("its blocks have %d bytes, and %d", v.block, size)
	}
	v.label = fromDString(d.logical[84 : 84+128])
	v.revision = binary.LittleEndian.Uint16(d.logical[240:])
	if err := v.mapPartitions(m, d); err != nil {
		return err
	}
	set, err := v.readBlock(m, longAD(d.logical[248:]))
	if err != nil {
		return err
	}
	if err := checkTag(set, tagFileSet); err != nil {
		return err
	}
	v.top, err = v.readNode(m, longAD(set[400:]))
	if err == nil && !v.top.isDir() {
		err = damaged("its root is no directory")
	}
	return err
}

// udfDescriptors are those of a sequence that prevail.
type udfDescriptors struct {
	logical    []byte
	partitions map[uint16][]byte // by their numbers
}

// Bounds of a sequence of descriptors.
const (
	mostInSequence = 128
	mostPartitions = 16
)

// readSequence reads descriptors up to the one that ends them. Of several of a kind, the
// one with the highest number prevails.
func (v *udf) readSequence(m medium, extent []byte) (udfDescriptors, error) {
	d := udfDescriptors{partitions: map[uint16][]byte{}}
	left, at := int64(binary.LittleEndian.Uint32(extent)), int64(binary.LittleEndian.Uint32(extent[4:]))
	for range mostInSequence {
		if left < v.block {
			return d, nil
		}
		b, err := m.read(at*v.block, v.block)
		if err != nil {
			return d, err
		}
		kind := binary.LittleEndian.Uint16(b)
		if checkTag(b, kind) != nil {
			return d, nil //nolint:nilerr // a block that was never written
		}
		at, left = at+1, left-v.block
		switch kind {
		case tagTerminator:
			return d, nil
		case tagPointer:
			left, at = int64(binary.LittleEndian.Uint32(b[20:])), int64(binary.LittleEndian.Uint32(b[24:]))
		case tagLogicalVolume:
			d.logical = later(d.logical, b)
		case tagPartition:
			number := binary.LittleEndian.Uint16(b[22:])
			if d.partitions[number] = later(d.partitions[number], b); len(d.partitions) > mostPartitions {
				return d, damaged("it has more than %d partitions", mostPartitions)
			}
		}
	}
	return d, damaged("its volume descriptors have no end")
}

// later is the one of two descriptors that was written later.
func later(a, b []byte) []byte {
	if a != nil && binary.LittleEndian.Uint32(a[16:]) > binary.LittleEndian.Uint32(b[16:]) {
		return a
	}
	return b
}

// place is a block of a partition, and how many bytes are there.
type place struct {
	partition uint16
	block     uint32
	size      uint32 // the two highest bits are the type of extent
}

// longAD reads a long allocation descriptor (ECMA-167 part 4, section 14.14.2).
func longAD(b []byte) place {
	return place{size: binary.LittleEndian.Uint32(b), block: binary.LittleEndian.Uint32(b[4:]), partition: binary.LittleEndian.Uint16(b[8:])}
}

// readBlock reads one block of a partition.
func (v *udf) readBlock(m medium, p place) ([]byte, error) {
	at, err := v.locate(p.partition, int64(p.block), v.block)
	if err != nil {
		return nil, err
	}
	return m.read(at, v.block)
}

// list implements filesystem.
func (v *udf) list(m medium, dir *node) ([]*node, error) {
	b, err := m.readAll(dir.extents, mostDirectory)
	if err != nil {
		return nil, err
	}
	var found []*node
	for len(b) > 0 {
		id, rest, err := nextIdentifier(b)
		if err != nil {
			return nil, err
		}
		if b = rest; !id.shown() {
			continue
		}
		if len(found) == mostEntries {
			return nil, damaged("a directory has more than %d entries", mostEntries)
		}
		if n := v.entry(m, id); n != nil {
			found = append(found, n)
		}
	}
	return listing(found), nil
}

// entry is the file that an identifier leads to; nil for one without a name. What can't
// be read is there as a file that can't.
func (v *udf) entry(m medium, id identifier) *node {
	n, err := v.readNode(m, id.entry)
	if err != nil {
		n = &node{flaw: err}
		if id.flags&isDirectory != 0 {
			n.mode = fs.ModeDir
		}
	}
	if !n.named(fromOSTA(id.name)) {
		return nil
	}
	return n
}

// identifier is an entry of a directory (ECMA-167 part 4, section 14.4).
type identifier struct {
	flags byte
	entry place
	name  []byte
}

// Characteristics of an identifier.
const (
	isDirectory = 0x02
	isDeleted   = 0x04
	isParent    = 0x08
	isMetadata  = 0x10
)

func (i identifier) shown() bool { return i.flags&(isDeleted|isParent|isMetadata) == 0 }

// nextIdentifier reads the first of a directory's identifiers.
func nextIdentifier(b []byte) (id identifier, rest []byte, err error) {
	const fixed = 38
	if len(b) < fixed {
		return id, nil, damaged("a directory ends within an entry")
	}
	length, use := int(b[19]), int(binary.LittleEndian.Uint16(b[36:]))
	end := (fixed + use + length + 3) &^ 3
	if end > len(b) {
		return id, nil, damaged("a directory ends within an entry")
	}
	if err := checkTag(b[:end], tagFileIdentifier); err != nil {
		return id, nil, err
	}
	return identifier{b[18], longAD(b[20:]), b[fixed+use : fixed+use+length]}, b[end:], nil
}

// fromOSTA reads a name in OSTA's compressed Unicode (UDF section 2.1.1).
func fromOSTA(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	switch b[0] {
	case 8, 254:
		runes := make([]rune, len(b)-1)
		for i, c := range b[1:] {
			runes[i] = rune(c)
		}
		return string(runes)
	case 16, 255:
		units := make([]uint16, (len(b)-1)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[1+2*i:])
		}
		return string(utf16.Decode(units))
	}
	return ""
}

// fromDString reads a field of fixed length, whose last byte says how much of it counts
// (ECMA-167 part 1, section 7.2.12).
func fromDString(b []byte) string {
	n := min(int(b[len(b)-1]), len(b)-1)
	return strings.TrimRight(fromOSTA(b[:n]), " \x00")
}
