package vhdx

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// States of a block (MS-VHDX 2.5.1.1).
const (
	notPresent   = 0
	undefined    = 1
	zero         = 2
	unmapped     = 3
	present      = 6
	partly       = 7
	bitmapIsHere = 6
)

// blocks says where the blocks of an image are.
type blocks struct {
	metadata
	file   block.Source
	length int64 // of the file
	ratio  int64 // payload blocks of a chunk
	table  []uint64
}

func (b *blocks) lookup(_ context.Context, off, n int64) (imagemap.Piece, error) {
	index, within := off/b.blockSize, off%b.blockSize
	n = min(n, b.blockSize-within)
	entry := b.table[index+index/b.ratio]
	piece := imagemap.Piece{Length: n}
	switch entry & 7 {
	case notPresent:
		piece.Where = imagemap.InParent
	case undefined, zero, unmapped:
		piece.Where = imagemap.Zero
	case present, partly:
		at, err := b.place(entry, b.blockSize, index)
		if err != nil {
			return piece, err
		}
		piece.Where, piece.Offset = imagemap.InFile, at+within
		if entry&7 == partly && b.hasParent {
			return b.split(piece, index, within)
		}
	default:
		return piece, fmt.Errorf("%w: block %d has state %d", imagemap.ErrDamaged, index, entry&7)
	}
	return piece, nil
}

// place is where in the file n bytes are that an entry tells of.
func (b *blocks) place(entry uint64, n, index int64) (int64, error) {
	at := entry >> 20
	if at == 0 || at > uint64(b.length/mega) || int64(at)*mega+n > b.length {
		return 0, fmt.Errorf("%w: block %d is at %d MiB of a file of %d bytes", imagemap.ErrDamaged, index, at, b.length)
	}
	return int64(at) * mega, nil
}

// split shortens a piece to the sectors that are in the same place as the
// first, which the chunk's bitmap says: a bit for each sector of the chunk, the
// lowest of a byte first (MS-VHDX 2.4).
func (b *blocks) split(piece imagemap.Piece, index, within int64) (imagemap.Piece, error) {
	chunk := index / b.ratio
	entry := b.table[chunk*(b.ratio+1)+b.ratio]
	if entry&7 != bitmapIsHere {
		return piece, fmt.Errorf("%w: %w", imagemap.ErrDamaged, errNoBitmap)
	}
	bitmap, err := b.place(entry, mega, index)
	if err != nil {
		return piece, err
	}
	before := index % b.ratio * (b.blockSize / b.sector)
	first := before + within/b.sector
	last := min(before+(within+piece.Length-1)/b.sector, first+8191)
	bits := make([]byte, last/8-first/8+1)
	if err := imagemap.ReadFull(b.file, bits, bitmap+first/8); err != nil {
		return piece, err
	}
	has := func(i int64) bool { return bits[i/8-first/8]&(1<<(i%8)) != 0 }
	next := first + 1
	for next <= last && has(next) == has(first) {
		next++
	}
	piece.Length = min(piece.Length, (next-before)*b.sector-within)
	if !has(first) {
		piece.Where = imagemap.InParent
	}
	return piece, nil
}
