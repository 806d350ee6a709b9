package vhdx

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// metadata is what is needed of it.
type metadata struct {
	size, blockSize, sector int64
	hasParent               bool
	// parent is the parent locator: keys such as relative_path.
	parent map[string]string
}

func readMetadata(file block.Source, r region) (metadata, error) {
	table := make([]byte, tableSize)
	if r.length < tableSize {
		return metadata{}, fmt.Errorf("%w: metadata of %d bytes", imagemap.ErrDamaged, r.length)
	}
	if err := imagemap.ReadFull(file, table, r.off); err != nil {
		return metadata{}, err
	}
	items, err := readItems(file, r, table)
	if err != nil {
		return metadata{}, err
	}
	return parseItems(items)
}

func readItems(file block.Source, r region, table []byte) (map[[16]byte][]byte, error) {
	le := binary.LittleEndian
	count := le.Uint16(table[10:])
	if string(table[:8]) != "metadata" || count > 2047 {
		return nil, fmt.Errorf("%w: no metadata table, or one of %d items", imagemap.ErrDamaged, count)
	}
	items := make(map[[16]byte][]byte)
	for e := table[32:]; count > 0; e, count = e[32:], count-1 {
		id := [16]byte(e[:16])
		off, n, flags := int64(le.Uint32(e[16:])), int64(le.Uint32(e[20:])), le.Uint32(e[24:])
		switch id {
		case parametersItem, sizeItem, sectorItem, physicalItem, page83Item, parentItem:
		default:
			if flags&4 != 0 { // IsRequired
				return nil, fmt.Errorf("the image needs metadata %x, which is unknown", id)
			}
			continue
		}
		if _, twice := items[id]; twice || n > mega || off+n > r.length {
			return nil, fmt.Errorf("%w: metadata of %d bytes at %d", imagemap.ErrDamaged, n, off)
		}
		items[id] = make([]byte, n)
		if err := imagemap.ReadFull(file, items[id], r.off+off); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func parseItems(items map[[16]byte][]byte) (metadata, error) {
	le := binary.LittleEndian
	parameters, size, sector := items[parametersItem], items[sizeItem], items[sectorItem]
	if len(parameters) < 8 || len(size) < 8 || len(sector) < 4 {
		return metadata{}, fmt.Errorf("%w: its size, block size or sector size is missing", imagemap.ErrDamaged)
	}
	blockSize, sectorSize := int64(le.Uint32(parameters)), int64(le.Uint32(sector))
	bytes := le.Uint64(size)
	switch {
	case blockSize < mega || blockSize > 256*mega || blockSize&(blockSize-1) != 0:
		return metadata{}, fmt.Errorf("%w: blocks of %d bytes", imagemap.ErrDamaged, blockSize)
	case sectorSize != 512 && sectorSize != 4096:
		return metadata{}, fmt.Errorf("%w: sectors of %d bytes", imagemap.ErrDamaged, sectorSize)
	case bytes > mostSize || bytes%uint64(sectorSize) != 0:
		return metadata{}, fmt.Errorf("%w: a disk of %d bytes", imagemap.ErrDamaged, bytes)
	}
	m := metadata{size: int64(bytes), blockSize: blockSize, sector: sectorSize, hasParent: parameters[4]&2 != 0}
	if m.hasParent {
		m.parent = parseLocator(items[parentItem])
	}
	return m, nil
}

// parseLocator reads what it can of a parent locator (MS-VHDX 2.6.2.6); it is
// but a hint.
func parseLocator(p []byte) map[string]string {
	le := binary.LittleEndian
	values := make(map[string]string)
	if len(p) < 20 {
		return values
	}
	text := func(off uint32, n uint16) string {
		if uint64(off)+uint64(n) > uint64(len(p)) {
			return ""
		}
		var units []uint16
		for q := p[off:][:n]; len(q) >= 2; q = q[2:] {
			units = append(units, le.Uint16(q))
		}
		return string(utf16.Decode(units))
	}
	count := min(int(le.Uint16(p[18:])), 64)
	for e := p[20:]; count > 0 && len(e) >= 12; e, count = e[12:], count-1 {
		key := text(le.Uint32(e), le.Uint16(e[8:]))
		values[strings.ToLower(key)] = text(le.Uint32(e[4:]), le.Uint16(e[10:]))
	}
	return values
}
