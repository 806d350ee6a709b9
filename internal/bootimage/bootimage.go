// Package bootimage opens files of a disc that are in its boot image for UEFI firmware: a
// FAT file system, which needn't be a file of the disc (UEFI 2.10 section 13.3.2.1).
package bootimage

import (
	"fmt"
	"io"
	"io/fs"

	"github.com/spurboot/spur/internal/fat"
	"github.com/spurboot/spur/internal/iso"
)

// Image is the boot image of a disc.
type Image struct {
	*fat.FileSystem
	at int64
}

// File is a file in it.
type File struct {
	*fat.File
	at int64
}

// Of is the first boot image for UEFI firmware of a disc, whose image of that size r reads.
func Of(disc *iso.Image, r io.ReaderAt, size int64) (Image, error) {
	for _, b := range disc.Boot() {
		if !b.Bootable || b.Platform != iso.EFI {
			continue
		}
		rest := size - b.Offset // how long it is catalogs often don't say
		system, err := fat.Open(io.NewSectionReader(r, b.Offset, rest), rest)
		if err == nil {
			return Image{system, b.Offset}, nil
		}
	}
	return Image{}, fmt.Errorf("a boot image for UEFI firmware: %w", fs.ErrNotExist)
}

// Open opens a file by its path.
func (i Image) Open(name string) (File, error) {
	f, err := i.FileSystem.Open(name)
	return File{f, i.at}, err
}

// Place tells where in the image of the disc the byte at off is, and how many of the
// file's follow it there.
func (f File) Place(off int64) (at, n int64, err error) {
	at, n, err = f.File.Place(off)
	return f.at + at, n, err
}
