package vmdk

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

const (
	sector = 512
	magic  = "KDMV"
	// magicCOWD is that of the sparse files that ESX made and calls VMFSSPARSE.
	magicCOWD = "COWD"

	flagZeroGrains = 1 << 2
	flagCompressed = 1 << 16
	flagMarkers    = 1 << 17

	// directoryAtEnd is in place of the directory's offset where the header
	// at the end of the file has the right one.
	directoryAtEnd = 1<<64 - 1

	mostDirectory  = 32 << 20 // bytes
	mostGrain      = 64 << 20 // bytes
	mostCompressed = 1 << 20  // bytes of a compressed grain's contents
	mostEntries    = 512      // of a grain table, in which every program agrees
)

var errCOWD = errors.New("a COWD file, ESX's sparse format before VMDK, can't be read; qemu-img convert -f vmdk makes another of it")

// header is that of a sparse extent, in bytes.
type header struct {
	flags           uint32
	capacity, grain int64
	descriptor      int64
	descriptorSize  int64
	entries         int64 // of a grain table
	directory       uint64
}

func parseHeader(p []byte) (header, error) {
	le := binary.LittleEndian
	if len(p) != sector || string(p[:4]) != magic {
		return header{}, fmt.Errorf("%w: no VMDK sparse header", imagemap.ErrDamaged)
	}
	if version := le.Uint32(p[4:]); version < 1 || version > 3 {
		return header{}, fmt.Errorf("VMDK version %d is unknown", version)
	}
	h := header{flags: le.Uint32(p[8:]), entries: int64(le.Uint32(p[44:])), directory: le.Uint64(p[56:])}
	for _, field := range []struct {
		to   *int64
		at   int
		most uint64 // in sectors
	}{{&h.capacity, 12, mostSectors}, {&h.grain, 20, mostGrain / sector}, {&h.descriptor, 28, mostSectors}, {&h.descriptorSize, 36, mostDescriptor / sector}} {
		n := le.Uint64(p[field.at:])
		if n > field.most {
			return header{}, fmt.Errorf("%w: %d sectors in its header at %d", imagemap.ErrDamaged, n, field.at)
		}
		*field.to = int64(n) * sector
	}
	if h.grain == 0 || h.grain&(h.grain-1) != 0 || h.entries == 0 || h.entries > mostEntries {
		return header{}, fmt.Errorf("%w: tables of %d grains of %d bytes", imagemap.ErrDamaged, h.entries, h.grain)
	}
	if h.flags&flagCompressed != 0 && (h.flags&flagMarkers == 0 || h.grain > mostCompressed || le.Uint16(p[77:]) != 1) {
		return header{}, fmt.Errorf("its way of compressing (%d, grains of %d bytes) is unknown", le.Uint16(p[77:]), h.grain)
	}
	return h, nil
}

// readHeader reads the header of a sparse extent, and the one at the end of the
// file where the first refers to it.
func readHeader(file block.Source, length int64) (header, error) {
	p := make([]byte, sector)
	if err := imagemap.ReadFull(file, p, 0); err != nil {
		return header{}, err
	}
	h, err := parseHeader(p)
	if err != nil || h.directory != directoryAtEnd {
		return h, err
	}
	if err := imagemap.ReadFull(file, p, length-2*sector); err != nil {
		return header{}, err
	}
	descriptor, size := h.descriptor, h.descriptorSize
	h, err = parseHeader(p)
	h.descriptor, h.descriptorSize = descriptor, size
	if err == nil && h.directory == directoryAtEnd {
		err = fmt.Errorf("%w: it has no grain directory", imagemap.ErrDamaged)
	}
	return h, err
}
