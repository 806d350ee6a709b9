package iso

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
)

// udfPartition is where the blocks of a partition are: one run of bytes, or those of a
// file that has all metadata (UDF 2.50, section 2.2.10).
type udfPartition struct {
	extents []extent
}

// mapPartitions reads the partition maps of a logical volume (ECMA-167 part 3, section
// 10.7).
func (v *udf) mapPartitions(m medium, d udfDescriptors) error {
	count := binary.LittleEndian.Uint32(d.logical[268:])
	maps := d.logical[440:min(len(d.logical), 440+int(min(binary.LittleEndian.Uint32(d.logical[264:]), 1<<16)))]
	if count > mostPartitions {
		return damaged("it has %d partitions", count)
	}
	for range count {
		if len(maps) < 6 || int(maps[1]) < 6 || int(maps[1]) > len(maps) {
			return damaged("its partition maps are cut off")
		}
		p, err := v.mapPartition(m, maps[:maps[1]], d)
		if err != nil {
			return err
		}
		v.partitions = append(v.partitions, p)
		maps = maps[maps[1]:]
	}
	return nil
}

// mapPartition reads one map.
func (v *udf) mapPartition(m medium, b []byte, d udfDescriptors) (udfPartition, error) {
	if b[0] == 1 {
		return v.physical(d, binary.LittleEndian.Uint16(b[4:]))
	}
	if b[0] != 2 || len(b) < 64 {
		return udfPartition{}, damaged("a partition map of the type %d", b[0])
	}
	number := binary.LittleEndian.Uint16(b[38:])
	below, err := v.physical(d, number)
	if err != nil {
		return udfPartition{}, err
	}
	switch kind := strings.TrimRight(string(b[5:28]), "\x00"); kind {
	case "*UDF Metadata Partition":
		return v.metadata(m, below, b)
	case "*UDF Sparable Partition":
		return below, v.checkSpares(m, b)
	default:
		return udfPartition{}, fmt.Errorf("it has a partition of the kind %q, as discs have that were written piece by piece: %w", kind, fs.ErrInvalid)
	}
}

// physical is the partition that has a number.
func (v *udf) physical(d udfDescriptors, number uint16) (udfPartition, error) {
	b, ok := d.partitions[number]
	if !ok {
		return udfPartition{}, damaged("it has no partition %d", number)
	}
	at, size := int64(binary.LittleEndian.Uint32(b[188:])), int64(binary.LittleEndian.Uint32(b[192:]))
	v.end = max(v.end, (at+size)*v.block)
	return udfPartition{[]extent{{at * v.block, size * v.block}}}, nil
}

// metadata finds the extents of the metadata file, or of its copy.
func (v *udf) metadata(m medium, below udfPartition, b []byte) (udfPartition, error) {
	var first error
	for _, at := range []int{40, 44} {
		inner := &udf{block: v.block, partitions: []udfPartition{below}}
		n, err := inner.readNode(m, place{block: binary.LittleEndian.Uint32(b[at:])})
		if err == nil {
			err = n.flaw
		}
		if err == nil {
			return udfPartition{n.extents}, nil
		}
		if first == nil {
			first = err
		}
	}
	return udfPartition{}, first
}

// checkSpares refuses an image of which blocks lie elsewhere because the disc was bad
// there: a sparing table (UDF section 2.2.12) with an entry that is in use.
func (v *udf) checkSpares(m medium, b []byte) error {
	at := int64(binary.LittleEndian.Uint32(b[48:])) * v.block
	table, err := m.read(at, v.block)
	if err != nil {
		return err
	}
	const unused = 0xfffffff0
	entries := int(binary.LittleEndian.Uint16(table[48:]))
	for e := 56; entries > 0 && e+8 <= len(table); e += 8 {
		if binary.LittleEndian.Uint32(table[e:]) < unused {
			return fmt.Errorf("it is of a disc with blocks in places of spare: %w", fs.ErrInvalid)
		}
		entries--
	}
	return nil
}

// locate tells where in the image the blocks of a partition are, of which n bytes must
// lie together.
func (v *udf) locate(partition uint16, block, n int64) (int64, error) {
	if int(partition) >= len(v.partitions) {
		return 0, damaged("it has no partition %d", partition)
	}
	off := block * v.block
	for _, e := range v.partitions[partition].extents {
		if off < e.size {
			if n > e.size-off {
				return 0, damaged("blocks lie outside of their partition")
			}
			if e.at == hole {
				return 0, damaged("blocks lie in a hole")
			}
			return e.at + off, nil
		}
		off -= e.size
	}
	return 0, damaged("a block lies outside of its partition")
}

// spread tells where the bytes of an extent are, which may be apart where its partition
// is a file.
func (v *udf) spread(p place, size int64) ([]extent, error) {
	if int(p.partition) >= len(v.partitions) {
		return nil, damaged("it has no partition %d", p.partition)
	}
	var all []extent
	off := int64(p.block) * v.block
	for _, e := range v.partitions[p.partition].extents {
		if size == 0 {
			break
		}
		if off >= e.size {
			off -= e.size
			continue
		}
		part := min(size, e.size-off)
		if e.at == hole {
			return nil, damaged("blocks lie in a hole")
		}
		all = append(all, extent{e.at + off, part})
		size, off = size-part, 0
	}
	if size > 0 {
		return nil, damaged("blocks lie outside of their partition")
	}
	return all, nil
}
