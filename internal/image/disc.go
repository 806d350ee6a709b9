package image

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/iso"
)

// How images of optical discs are called.
const (
	isoImage = "an ISO 9660 image"
	udfImage = "a UDF image"
)

// Where the first descriptor of a disc is, behind a system area of 32 KiB (ECMA-119
// section 6.2.1), and fields of it (8.4.8, 8.4.12).
const (
	discDescriptor = 16 * discSector
	discMagicAt    = discDescriptor + 1
	discSector     = 2048
	discBlocks     = 80
	discBlockSize  = 128
)

// IsDisc tells whether the file is the image of an optical disc, as it is.
func (f Found) IsDisc() bool {
	return f.Kind == boot.KindDisk && (f.Description == isoImage || f.Description == udfImage)
}

// WholeDisc tells, by an error, that an image of an optical disc was cut off, by its size
// alone: what lacks padding has whole sectors. Of an image that can be opened Whole of package
// iso says more.
func WholeDisc(r io.ReaderAt, size int64) error {
	b := make([]byte, discSector)
	if n, err := r.ReadAt(b, discDescriptor); n < len(b) {
		return fmt.Errorf("the image is cut off: %w", err)
	}
	if string(b[1:6]) != "CD001" || b[0] != 1 {
		return nil // of UDF alone, which says it elsewhere
	}
	whole := int64(binary.LittleEndian.Uint32(b[discBlocks:])) * int64(binary.LittleEndian.Uint16(b[discBlockSize:]))
	if size >= 0 && (size < whole-iso.Padding || size < whole && size%discSector != 0) {
		return fmt.Errorf("the image is cut off: it has %d of %d bytes", size, whole)
	}
	return nil
}
