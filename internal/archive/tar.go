package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
)

// tarHead is the size of a tar's first header.
const tarHead = 512

func isTar(head []byte) bool {
	return len(head) == tarHead && string(head[257:262]) == "ustar"
}

func (w *walk) tar(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return fmt.Errorf("it is damaged: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := w.file(h.Name, h.Size, t); err != nil {
			return err
		}
	}
}
