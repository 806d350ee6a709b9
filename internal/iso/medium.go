package iso

import (
	"errors"
	"fmt"
	"io"
)

// ErrDamaged is what errors about an image wrap that contradicts itself or the
// standard.
var ErrDamaged = errors.New("the image is damaged")

// ErrCutOff is what errors wrap about what would lie behind an image's end.
var ErrCutOff = errors.New("the image is cut off")

// damaged is an error about an image.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// medium is the bytes of an image.
type medium struct {
	r    io.ReaderAt
	size int64
}

// extent is a run of bytes of an image; at is hole for zeros that have no place.
type extent struct {
	at, size int64
}

const hole = -1

// within tells whether the image has a run of bytes.
func (m medium) within(at, n int64) error {
	switch {
	case at < 0 || n < 0:
		return damaged("it names a negative place or length")
	case at > m.size || n > m.size-at:
		return fmt.Errorf("%w: it has %d bytes, and %d are to be read at %d", ErrCutOff, m.size, n, at)
	}
	return nil
}

// read reads n bytes at a place.
func (m medium) read(at, n int64) ([]byte, error) {
	if err := m.within(at, n); err != nil {
		return nil, err
	}
	p := make([]byte, n)
	if got, err := m.r.ReadAt(p, at); int64(got) < n {
		return nil, shorter(err)
	}
	return p, nil
}

// shorter is the error of a read that brought less than the image is said to have.
func shorter(err error) error {
	if err == nil || err == io.EOF {
		return fmt.Errorf("the image became shorter: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// readAll reads what has several extents, most bytes of it.
func (m medium) readAll(extents []extent, most int64) ([]byte, error) {
	total := int64(0)
	for _, e := range extents {
		if total += e.size; total > most || e.size > most {
			return nil, damaged("a directory has more than %d bytes", most)
		}
	}
	all := make([]byte, 0, total)
	for _, e := range extents {
		if e.at == hole {
			return nil, damaged("a directory has a hole")
		}
		part, err := m.read(e.at, e.size)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}
