package iso_test

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// isoImage writes images of ISO 9660 block by block, also such as nobody would: the root
// directory is in block 20.
type isoImage struct {
	blocks map[uint32][]byte
	size   uint32 // blocks
}

const isoRoot = 20

// newISO is an image with nothing but its volume descriptors.
func newISO(size uint32) *isoImage {
	i := &isoImage{blocks: map[uint32][]byte{}, size: size}
	pvd := make([]byte, 2048)
	copy(pvd, "\x01CD001\x01")
	copy(pvd[40:], "SPUR                            ")
	copy(pvd[80:], numbers(size))
	copy(pvd[120:], []byte{1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0})
	pvd[881] = 1
	copy(pvd[156:], record("\x00", isoRoot, 2048, 2))
	i.blocks[16] = pvd
	i.blocks[17] = []byte("\xffCD001\x01")
	return i
}

func (i *isoImage) bytes() []byte {
	b := make([]byte, i.size*2048)
	for at, block := range i.blocks {
		copy(b[at*2048:], block)
	}
	return b
}

// record is a directory record with entries of SUSP.
func record(name string, block, size uint32, flags byte, use ...[]byte) []byte {
	b := make([]byte, 33, 255)
	copy(b[2:], numbers(block, size))
	b[25], b[28], b[31], b[32] = flags, 1, 1, byte(len(name))
	b = append(b, name...)
	b = append(b, make([]byte, len(b)&1)...)
	b = append(b, slices.Concat(use...)...)
	b = append(b, make([]byte, len(b)&1)...)
	b[0] = byte(len(b))
	return b
}

// use is one entry of SUSP.
func use(kind string, b ...byte) []byte {
	return append([]byte{kind[0], kind[1], byte(4 + len(b)), 1}, b...)
}

// numbers are numbers in both orders of bytes.
func numbers(all ...uint32) []byte {
	var b []byte
	for _, n := range all {
		b = binary.LittleEndian.AppendUint32(b, n)
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// dir writes a directory, over as many blocks as it takes. It begins with the records of
// itself and of the one above.
func (i *isoImage) dir(at uint32, rockRidge bool, records ...[]byte) (size uint32) {
	mark := [][]byte{}
	if rockRidge {
		mark = append(mark, use("SP", 0xbe, 0xef, 0))
	}
	all := append([][]byte{record("\x00", at, 2048, 2, mark...), record("\x01", at, 2048, 2)}, records...)
	var b bytes.Buffer
	for _, r := range all {
		if left := 2048 - b.Len()%2048; len(r) > left {
			b.Write(make([]byte, left))
		}
		b.Write(r)
	}
	b.Write(make([]byte, -b.Len()&2047))
	size = uint32(b.Len())
	copy(b.Bytes()[10:], numbers(size))
	i.blocks[at] = b.Bytes()
	if at == isoRoot {
		copy(i.blocks[16][156+10:], numbers(size))
	}
	return size
}
