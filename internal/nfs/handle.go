package nfs

import (
	"encoding/binary"
	"errors"
	"io/fs"
)

// mostHandle is the most bytes that a handle has (RFC 1813 section 2.4).
const mostHandle = 64

// A handle is sealed: a mark, by which it differs from anything else that the same key
// sealed, the export's ID and the file's.
const (
	handleMark = "nfs3"
	handleSize = len(handleMark) + len(ExportID{}) + 8
)

// place is a file of an export.
type place struct {
	export *Export
	*node
}

// handle writes by what clients name a file.
func (c *conn) handle(e *encoder, p place) {
	plain := append(c.handleSpace[:0], handleMark...)
	plain = append(plain, p.export.ID[:]...)
	plain = binary.BigEndian.AppendUint64(plain, p.id)
	at := len(e.b)
	e.uint32(0)
	e.b = c.Key.AppendSeal(e.b, plain)
	size := len(e.b) - at - 4
	binary.BigEndian.PutUint32(e.b[at:], uint32(size))
	e.pad(size)
}

// find is the file of a handle.
func (c *conn) find(handle []byte) (place, error) {
	plain, err := c.Key.AppendOpen(c.handleSpace[:0], handle)
	if err != nil || len(plain) != handleSize || string(plain[:len(handleMark)]) != handleMark {
		return place{}, statusBadHandle
	}
	plain = plain[len(handleMark):]
	export, err := c.Exports.ByID(ExportID(plain[:len(ExportID{})]))
	if errors.Is(err, fs.ErrNotExist) {
		return place{}, statusStale
	}
	if err != nil {
		return place{}, err
	}
	c.used = append(c.used, export)
	n, err := export.Files.find(binary.BigEndian.Uint64(plain[len(ExportID{}):]))
	return place{export, n}, err
}
