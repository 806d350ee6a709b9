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

// handle is by which clients name a file.
func (s *Server) handle(p place) string {
	var plain [handleSize]byte
	at := copy(plain[:], handleMark)
	at += copy(plain[at:], p.export.ID[:])
	binary.BigEndian.PutUint64(plain[at:], p.id)
	return s.Key.Seal(plain[:])
}

// find is the file of a handle.
func (c *conn) find(handle []byte) (place, error) {
	plain, err := c.Key.Open(string(handle))
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
