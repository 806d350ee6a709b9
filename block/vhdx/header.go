package vhdx

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/imagemap"
)

// Bounds of what is believed (MS-VHDX 2.2 and 2.6).
const (
	mega      = 1 << 20
	mostSize  = 64 << 40
	mostBAT   = 64 << 20
	tableSize = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed says whether a structure has its signature and its checksum, which is
// of all of it with the checksum's own bytes zero.
func sealed(p []byte, signature string) bool {
	if string(p[:4]) != signature {
		return false
	}
	sum := crc32.Update(0, castagnoli, p[:4])
	sum = crc32.Update(sum, castagnoli, make([]byte, 4))
	sum = crc32.Update(sum, castagnoli, p[8:])
	return sum == binary.LittleEndian.Uint32(p[4:])
}

// readHeader reads the newer of the two headers (MS-VHDX 2.2.2).
func readHeader(file block.Source) ([]byte, error) {
	le := binary.LittleEndian
	identifier := make([]byte, 8)
	if err := imagemap.ReadFull(file, identifier, 0); err != nil {
		return nil, err
	}
	if string(identifier) != "vhdxfile" {
		return nil, fmt.Errorf("%w: no VHDX file identifier", imagemap.ErrDamaged)
	}
	var newest []byte
	for _, at := range []int64{64 << 10, 128 << 10} {
		p := make([]byte, 4096)
		if err := imagemap.ReadFull(file, p, at); err != nil {
			return nil, err
		}
		if sealed(p, "head") && (newest == nil || le.Uint64(p[8:]) > le.Uint64(newest[8:])) {
			newest = p
		}
	}
	switch {
	case newest == nil:
		return nil, fmt.Errorf("%w: both headers are", imagemap.ErrDamaged)
	case le.Uint16(newest[66:]) != 1:
		return nil, fmt.Errorf("VHDX version %d is unknown", le.Uint16(newest[66:]))
	}
	return newest, nil
}

// region is a part of the file.
type region struct{ off, length int64 }

// The regions and metadata items that are known (MS-VHDX 2.2.3 and 2.6.2), as
// their bytes are in files.
var (
	batRegion      = guid("2DC27766F62342009D64115E9BFD4A08")
	metadataRegion = guid("8B7CA20647904B9AB8FE575F050F886E")

	parametersItem = guid("CAA16737FA364D43B3B633F0AA44E76B")
	sizeItem       = guid("2FA54224CD1B4876B2115DBED83BF4B8")
	sectorItem     = guid("8141BF1DA96F4709BA47F233A8FAAB5F")
	physicalItem   = guid("CDA348C7445D44719CC9E9885251C556")
	page83Item     = guid("BECA12ABB2E6452393EFC309E000C746")
	parentItem     = guid("A8D35F2DB30B454DABF7D3D84834AB0C")
)

// guid is the bytes of a GUID that is written without dashes; its first three
// fields are little-endian.
func guid(text string) (g [16]byte) {
	for i := range g {
		_, _ = fmt.Sscanf(text[2*i:2*i+2], "%02X", &g[[16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}[i]])
	}
	return g
}

// guidText is a GUID as parent locators have it (MS-VHDX 2.6.2.6.3), without the
// braces.
func guidText(g [16]byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", le.Uint32(g[:]), le.Uint16(g[4:]), le.Uint16(g[6:]), g[8:10], g[10:])
}

// regions reads the region table, or its copy.
func regions(file block.Source, length int64) (map[[16]byte]region, error) {
	for _, at := range []int64{192 << 10, 256 << 10} {
		p := make([]byte, tableSize)
		if err := imagemap.ReadFull(file, p, at); err != nil {
			return nil, err
		}
		if sealed(p, "regi") {
			return parseRegions(p, length)
		}
	}
	return nil, fmt.Errorf("%w: both region tables are", imagemap.ErrDamaged)
}

func parseRegions(p []byte, length int64) (map[[16]byte]region, error) {
	le := binary.LittleEndian
	count := le.Uint32(p[8:])
	if count > 2047 {
		return nil, fmt.Errorf("%w: %d regions", imagemap.ErrDamaged, count)
	}
	found := make(map[[16]byte]region)
	for e := p[16:]; count > 0; e, count = e[32:], count-1 {
		id := [16]byte(e[:16])
		off, n := le.Uint64(e[16:]), le.Uint32(e[24:])
		if off > uint64(length) || int64(n) > length-int64(off) {
			return nil, fmt.Errorf("%w: a region of %d bytes at %d is beyond the end of the file", imagemap.ErrDamaged, n, off)
		}
		if id != batRegion && id != metadataRegion && le.Uint32(e[28:])&1 != 0 {
			return nil, fmt.Errorf("the image needs region %x, which is unknown", id)
		}
		found[id] = region{int64(off), int64(n)}
	}
	return found, nil
}
