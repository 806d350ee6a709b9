package archive

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/cpio"
)

// The header of an entry in the format newc: a magic number, then numbers of eight
// hexadecimal digits.
const (
	cpioHeader   = 110
	cpioNameMost = 4096
)

func isCpio(head []byte) bool { return cpio.Is(head) }

// cpio goes through the payload of an RPM.
func (w *walk) cpio(r io.Reader) error {
	for {
		e, err := nextCpio(r)
		if err != nil {
			return fmt.Errorf("it is damaged: %w", err)
		}
		if e.name == cpio.Trailer {
			return nil
		}
		content := &io.LimitedReader{R: r, N: e.size}
		if e.regular {
			if err := w.file(e.name, e.size, content); err != nil {
				return err
			}
		}
		if _, err := io.CopyN(io.Discard, r, content.N+(4-e.size%4)%4); err != nil {
			return fmt.Errorf("it is cut off or damaged: %w", err)
		}
	}
}

type cpioEntry struct {
	name    string
	size    int64
	regular bool
}

func nextCpio(r io.Reader) (cpioEntry, error) {
	h := make([]byte, cpioHeader)
	if _, err := io.ReadFull(r, h); err != nil {
		return cpioEntry{}, err
	}
	mode, err1 := strconv.ParseUint(string(h[14:22]), 16, 32)
	size, err2 := strconv.ParseUint(string(h[54:62]), 16, 32)
	length, err3 := strconv.ParseUint(string(h[94:102]), 16, 32)
	switch {
	case !cpio.Is(h) || errors.Join(err1, err2, err3) != nil:
		return cpioEntry{}, errors.New("an entry of its cpio makes no sense")
	case length > cpioNameMost:
		return cpioEntry{}, fmt.Errorf("it has a name of %d bytes", length)
	}
	name := make([]byte, (cpioHeader+length+3)&^3-cpioHeader)
	if _, err := io.ReadFull(r, name); err != nil {
		return cpioEntry{}, err
	}
	return cpioEntry{strings.TrimRight(string(name), "\x00"), int64(size), mode&0o170000 == 0o100000}, nil
}
