package vhd

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// sparse is a dynamic or differencing disk. Each block is a bitmap, of whole
// sectors, and the data. In a dynamic disk the bitmap says nothing that the data
// doesn't, since what was never written is zero; some programs don't keep it. In
// a differencing disk a sector whose bit is 0 is the parent's.
type sparse struct {
	file    block.Source
	header  header
	length  int64 // of the file
	table   []uint32
	differs bool
}

func (s *sparse) lookup(_ context.Context, off, n int64) (imagemap.Piece, error) {
	size := s.header.blockSize
	index, within := off/size, off%size
	n = min(n, size-within)
	at := s.table[index]
	if at == unused {
		return imagemap.Piece{Where: imagemap.InParent, Length: n}, nil
	}
	bitmap := (size/sector/8 + sector - 1) &^ (sector - 1)
	start := int64(at) * sector
	if start+bitmap+within+n > s.length {
		return imagemap.Piece{}, fmt.Errorf("%w: block %d is beyond the end of the file", imagemap.ErrDamaged, index)
	}
	piece := imagemap.Piece{Where: imagemap.InFile, Offset: start + bitmap + within, Length: n}
	if !s.differs {
		return piece, nil
	}
	return s.split(piece, start, within)
}

// split shortens a piece to the sectors that are in the same place as the
// first. The highest bit of a byte is its first sector.
func (s *sparse) split(piece imagemap.Piece, bitmap, within int64) (imagemap.Piece, error) {
	first, last := within/sector, (within+piece.Length-1)/sector
	last = min(last, first+8191) // bounds what is read of the bitmap
	bits := make([]byte, last/8-first/8+1)
	if err := imagemap.ReadFull(s.file, bits, bitmap+first/8); err != nil {
		return imagemap.Piece{}, err
	}
	has := func(i int64) bool { return bits[i/8-first/8]&(0x80>>(i%8)) != 0 }
	next := first + 1
	for next <= last && has(next) == has(first) {
		next++
	}
	piece.Length = min(piece.Length, next*sector-within)
	if !has(first) {
		piece.Where = imagemap.InParent
	}
	return piece, nil
}
