package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

const zipMagic = "PK\x03\x04"

func (w *walk) zip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
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

func (w *walk) zipped(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	defer r.Close()
	return w.file(f.Name, int64(min(f.UncompressedSize64, UnpackedMost)), &bounded{r, w})
}
