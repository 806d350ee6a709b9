package iso

import (
	"encoding/binary"
	"fmt"
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
