package vmdk

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// sparse is a sparse extent: a directory of tables of grains.
type sparse struct {
	header    header
	file      block.Source
	length    int64
	directory []uint32 // sectors of tables; 0 is none

	tables kept[[]uint32] // by their index in the directory
	grains kept[[]byte]   // of compressed ones, by index
}

func openSparse(file block.Source, length int64) (*sparse, error) {
	h, err := readHeader(file, length)
	if err != nil {
		return nil, err
	}
	covers := h.grain * h.entries // of a table, in bytes: 2^35 at most
	count := (h.capacity + covers - 1) / covers
	if h.directory > uint64(length/sector) || count*4 > mostDirectory || int64(h.directory)*sector+count*4 > length {
		return nil, fmt.Errorf("%w: a directory of %d tables at sector %d", imagemap.ErrDamaged, count, h.directory)
	}
	s := &sparse{header: h, file: file, length: length}
	s.tables.most, s.grains.most = 512, 16
	s.directory, err = readTable(file, int64(h.directory)*sector, count)
	return s, err
}

func readTable(file block.Source, at, count int64) ([]uint32, error) {
	raw := make([]byte, 4*count)
	if err := imagemap.ReadFull(file, raw, at); err != nil {
		return nil, err
	}
	table := make([]uint32, count)
	for i := range table {
		table[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	return table, nil
}

func (s *sparse) lookup(_ context.Context, off, n int64) (imagemap.Piece, error) {
	covers := s.header.grain * s.header.entries
	if s.directory[off/covers] == 0 {
		return imagemap.Piece{Where: imagemap.InParent, Length: min(n, covers-off%covers)}, nil
	}
	grain, within := off/s.header.grain, off%s.header.grain
	n = min(n, s.header.grain-within)
	entry, err := s.entry(grain)
	switch {
	case err != nil:
		return imagemap.Piece{}, err
	case entry == 0:
		return imagemap.Piece{Where: imagemap.InParent, Length: n}, nil
	case entry == 1 && s.header.flags&flagZeroGrains != 0:
		return imagemap.Piece{Where: imagemap.Zero, Length: n}, nil
	case s.header.flags&flagCompressed != 0:
		data, err := s.grains.get(grain, func() ([]byte, error) { return s.inflate(int64(entry) * sector) })
		if err != nil {
			return imagemap.Piece{}, fmt.Errorf("grain %d: %w", grain, err)
		}
		return imagemap.Piece{Where: imagemap.InMemory, Data: data[within:][:n], Length: n}, nil
	}
	at := int64(entry)*sector + within
	if at+n > s.length {
		return imagemap.Piece{}, fmt.Errorf("%w: grain %d is beyond the end of the file", imagemap.ErrDamaged, grain)
	}
	return imagemap.Piece{Where: imagemap.InFile, File: s.file, Offset: at, Length: n}, nil
}

// entry is the sector of a grain, or one of the numbers that stand for none.
func (s *sparse) entry(grain int64) (uint32, error) {
	index := grain / s.header.entries
	at := int64(s.directory[index]) * sector
	table, err := s.tables.get(index, func() ([]uint32, error) { return readTable(s.file, at, s.header.entries) })
	if err != nil {
		return 0, err
	}
	return table[grain%s.header.entries], nil
}

// inflate reads a compressed grain: its sector number, the length of what
// follows, and that (section "Stream-Optimized Compressed Sparse Extents"). The
// last grain of a disk may be shorter.
func (s *sparse) inflate(at int64) ([]byte, error) {
	var marker [12]byte
	if err := imagemap.ReadFull(s.file, marker[:], at); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(marker[8:]))
	if n == 0 || n > 2*s.header.grain || at+12+n > s.length {
		return nil, fmt.Errorf("%w: %d compressed bytes", imagemap.ErrDamaged, n)
	}
	packed := make([]byte, n)
	if err := imagemap.ReadFull(s.file, packed, at+12); err != nil {
		return nil, err
	}
	unpacker, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", imagemap.ErrDamaged, err)
	}
	data := make([]byte, s.header.grain) // bounds what comes out
	if _, err := io.ReadFull(unpacker, data); err != nil && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("%w: %w", imagemap.ErrDamaged, err)
	}
	return data, nil
}

// kept is a bounded cache of what was read; which one goes when it is full is
// left to chance.
type kept[T any] struct {
	mu   sync.Mutex
	most int
	by   map[int64]T
}

func (k *kept[T]) get(key int64, read func() (T, error)) (T, error) {
	k.mu.Lock()
	value, ok := k.by[key]
	k.mu.Unlock()
	if ok {
		return value, nil
	}
	value, err := read()
	if err != nil {
		return value, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = make(map[int64]T)
	}
	for other := range k.by {
		if len(k.by) < k.most {
			break
		}
		delete(k.by, other)
	}
	k.by[key] = value
	return value, nil
}
