package archive

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Debian package is an ar archive, of which one member has the files (deb(5)).
const (
	debMagic  = "!<arch>\n"
	arHeader  = 60
	arMembers = 16 // a package has three
)

func (w *walk) deb(r io.ReaderAt, size int64) error {
	at := int64(len(debMagic))
	for range arMembers {
		h := make([]byte, arHeader)
		if n, err := r.ReadAt(h, at); n < len(h) {
			return fmt.Errorf("it is cut off, or no Debian package: %w", err)
		}
		name := strings.TrimRight(strings.TrimSpace(string(h[:16])), "/")
		length, err := strconv.ParseInt(strings.TrimSpace(string(h[48:58])), 10, 64)
		at += arHeader
		if err != nil || length < 0 || length > size-at || string(h[58:]) != "`\n" {
			return errors.New("it is cut off or damaged: a member of its ar archive makes no sense")
		}
		if strings.HasPrefix(name, "data.tar") {
			return w.stream(name, io.NewSectionReader(r, at, length), true)
		}
		at += length + length&1
	}
	return errors.New("it is no Debian package: it has no member data.tar")
}
