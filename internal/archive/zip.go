package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const zipMagic = "PK\x03\x04"

// A zip archive has a directory, and after it a record that says how many entries that
// has; another one, which a locator before the first points to, says it of many
// (APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16).
const (
	zipEndMagic     = "PK\x05\x06"
	zipEnd          = 22
	zipEndMost      = 65 << 10 // with a comment
	zip64FindMagic  = "PK\x06\x07"
	zip64Find       = 20
	zip64Magic      = "PK\x06\x06"
	zip64           = 56
	zipDirectoryMax = 16 << 20 // bytes
)

func (w *walk) zip(r io.ReaderAt, size int64) error {
	if zipEntries(r, size) > FilesMost {
		return tooManyFiles()
	}
	directory := &zipDirectory{r, zipDirectoryMax}
	z, err := zip.NewReader(directory, size)
	directory.left = math.MaxInt64 // what follows is read as files
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("it is damaged: %w", err)
	}
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			continue
		}
		if err := w.zipped(f); err != nil {
			return err
		}
	}
	return nil
}

// zipDirectory bounds how much is read to find the files of an archive. Their number
// may be more than the archive says.
type zipDirectory struct {
	r    io.ReaderAt
	left int64
}

func (d *zipDirectory) ReadAt(p []byte, at int64) (int, error) {
	n, err := d.r.ReadAt(p, at)
	if d.left -= int64(n); d.left < 0 {
		return n, fmt.Errorf("its directory has more than %d MiB", zipDirectoryMax>>20)
	}
	return n, err
}

// zipEntries is how many entries an archive says it has; 0 where it doesn't.
func zipEntries(r io.ReaderAt, size int64) uint64 {
	tail := make([]byte, min(size, zipEndMost))
	if n, _ := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) {
		return 0
	}
	end := bytes.LastIndex(tail[:max(len(tail)-zipEnd+len(zipEndMagic), 0)], []byte(zipEndMagic))
	if end < 0 {
		return 0
	}
	entries := uint64(binary.LittleEndian.Uint16(tail[end+10:]))
	if end < zip64Find || !bytes.HasPrefix(tail[end-zip64Find:], []byte(zip64FindMagic)) {
		return entries
	}
	many := make([]byte, zip64)
	n, _ := r.ReadAt(many, int64(binary.LittleEndian.Uint64(tail[end-zip64Find+8:])&math.MaxInt64))
	if n < len(many) || !bytes.HasPrefix(many, []byte(zip64Magic)) {
		return entries
	}
	return max(entries, binary.LittleEndian.Uint64(many[32:]))
}

func (w *walk) zipped(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	defer r.Close()
	return w.file(f.Name, int64(min(f.UncompressedSize64, UnpackedMost)), &bounded{r, w})
}
