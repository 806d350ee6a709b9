package iso

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
)

// Padding is how much shorter than it says an image may be: recorders add 150 sectors that
// no file is in, and readers of discs leave them out.
const Padding = 150 * sectorSize

// wholeMost bounds how many files of an image that is too short are looked for.
const wholeMost = 16 << 10

// Whole tells, by an error that wraps ErrCutOff, that something on the disc lies behind the
// image's end: a boot image, which a volume's size doesn't count where it lies in a partition
// behind it, or, where the image is shorter than it says, a file.
func (i *Image) Whole() error {
	if i.bootEnd > i.size+Padding {
		return fmt.Errorf("%w: it has %d bytes, and a boot image ends at %d", ErrCutOff, i.size, i.bootEnd)
	}
	if i.says <= i.size {
		return nil
	}
	files := 0
	return fs.WalkDir(i, ".", func(path string, d fs.DirEntry, err error) error {
		if files++; files > wholeMost {
			return fs.SkipAll
		}
		if err == nil && d.Type().IsRegular() {
			err = i.opens(path)
		}
		if !errors.Is(err, ErrCutOff) {
			return nil // what is wrong with it otherwise is told to who opens it
		}
		return fmt.Errorf("%w: it has %d of %d bytes, and %s isn't all there", ErrCutOff, i.size, i.says, path)
	})
}

// opens tells, by an error, that a file can't be opened.
func (i *Image) opens(path string) error {
	f, err := i.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// saidBy is how many bytes an image should have by a primary descriptor (ECMA-119 sections
// 8.4.8 and 8.4.12) and by a file system.
func saidBy(primary []byte, tree filesystem) int64 {
	says := int64(0)
	if primary != nil {
		says = int64(binary.LittleEndian.Uint32(primary[80:])) * int64(binary.LittleEndian.Uint16(primary[128:]))
	}
	if v, ok := tree.(*udf); ok {
		says = max(says, v.end)
	}
	return says
}
