package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"
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
		var content io.Reader = t
		switch {
		case isSparse(h):
			content = &bounded{t, w} // its holes aren't in the stream, which is bounded itself
		case h.Typeflag != tar.TypeReg:
			continue
		}
		if err := w.file(h.Name, h.Size, content); err != nil {
			return err
		}
	}
}

// isSparse tells of a file with holes, in the older or in the newer way of GNU tar.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return h.Typeflag == tar.TypeReg
		}
	}
	return h.Typeflag == tar.TypeGNUSparse
}
