package vhd

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/spurboot/spur/block/imagemap"
)

// The kinds of disks (section "Hard Disk Footer Format", field Disk Type).
const (
	fixed        = 2
	dynamic      = 3
	differencing = 4
)

const (
	footerSize = 512
	sector     = 512
	// mostTable bounds the block allocation table, in bytes; one for 2 TiB in
	// blocks of 2 MiB has 4 MiB.
	mostTable = 32 << 20
	// mostSize bounds the disk: sectors are counted in 32 bits.
	mostSize = 512 << 32
	// unused is what the table has for a block that isn't there.
	unused = 0xFFFFFFFF
)

// footer is what is needed of a footer.
type footer struct {
	kind    uint32
	header  int64 // where the dynamic header is
	size    int64
	creator string
	unique  [16]byte
}

// sum is the ones' complement of the sum of all bytes but the sum's own.
func sum(p []byte, at int) uint32 {
	total := uint32(0)
	for i, b := range p {
		if i < at || i >= at+4 {
			total += uint32(b)
		}
	}
	return ^total
}

func parseFooter(p []byte) (footer, error) {
	be := binary.BigEndian
	if len(p) != footerSize || string(p[:8]) != "conectix" {
		return footer{}, fmt.Errorf("%w: no VHD footer", imagemap.ErrDamaged)
	}
	if be.Uint32(p[64:]) != sum(p, 64) {
		return footer{}, fmt.Errorf("%w: the footer's checksum is wrong", imagemap.ErrDamaged)
	}
	f := footer{kind: be.Uint32(p[60:]), creator: string(p[28:32]), unique: [16]byte(p[68:84])}
	header, size := be.Uint64(p[16:]), be.Uint64(p[48:])
	if sectors, ok := geometry(p[56:60]); ok && (f.creator == "qemu" || f.creator == "vpc ") {
		size = sectors * sector
	}
	if size > mostSize {
		return footer{}, fmt.Errorf("%w: a disk of %d bytes", imagemap.ErrDamaged, size)
	}
	f.size = int64(size)
	if f.kind != fixed {
		if header > mostSize {
			return footer{}, fmt.Errorf("%w: a header at byte %d", imagemap.ErrDamaged, header)
		}
		f.header = int64(header)
	}
	return f, nil
}

// geometry is how many sectors cylinders, heads and sectors make, unless they
// are the most that can be said, which stands for any size above.
func geometry(p []byte) (sectors uint64, ok bool) {
	c, h, s := uint64(binary.BigEndian.Uint16(p)), uint64(p[2]), uint64(p[3])
	return c * h * s, c != 65535 || h != 16 || s != 255
}

// header is what is needed of a dynamic disk's header.
type header struct {
	table     int64
	entries   int64
	blockSize int64
	parent    string
	parentID  [16]byte
}

func parseHeader(p []byte, size int64) (header, error) {
	be := binary.BigEndian
	if len(p) != 1024 || string(p[:8]) != "cxsparse" || be.Uint32(p[36:]) != sum(p, 36) {
		return header{}, fmt.Errorf("%w: no VHD dynamic header, or its checksum is wrong", imagemap.ErrDamaged)
	}
	table, blockSize := be.Uint64(p[16:]), be.Uint32(p[32:])
	h := header{entries: int64(be.Uint32(p[28:])), blockSize: int64(blockSize), parentID: [16]byte(p[40:56]), parent: name(p[64:576])}
	if blockSize < sector || blockSize&(blockSize-1) != 0 || blockSize > 1<<30 {
		return header{}, fmt.Errorf("%w: blocks of %d bytes", imagemap.ErrDamaged, blockSize)
	}
	need := (size + h.blockSize - 1) / h.blockSize
	if table > mostSize || h.entries < need || need*4 > mostTable {
		return header{}, fmt.Errorf("%w: a table of %d blocks of %d bytes for %d bytes", imagemap.ErrDamaged, h.entries, blockSize, size)
	}
	h.table, h.entries = int64(table), need
	return h, nil
}

// name is the parent's, in UTF-16; big-endian by the specification, but
// old programs wrote it the other way round.
func name(p []byte) string {
	var order binary.ByteOrder = binary.BigEndian
	if p[0] != 0 && p[1] == 0 {
		order = binary.LittleEndian
	}
	return utf16String(p, order)
}

func isFooter(p []byte) bool { return bytes.HasPrefix(p, []byte("conectix")) }
