package cpio

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

const (
	magicNewc = "070701"
	magicCRC  = "070702"
	// headerSize is the length of a header in both formats.
	headerSize = 110
	// maxName is how much of a name is read.
	maxName = 256
)

// Trailer is the name of the entry that ends an archive.
const Trailer = "TRAILER!!!"

// Is tells whether an archive begins here.
func Is(b []byte) bool {
	return bytes.HasPrefix(b, []byte(magicNewc)) || bytes.HasPrefix(b, []byte(magicCRC))
}

// Entry is what a header says.
type Entry struct {
	Name string // 256 bytes of it at most
	Next int64  // where the next entry begins
}

// ReadEntry reads the entry at an offset; ok is false where there is none, for
// instance because r has only the beginning.
func ReadEntry(r io.ReaderAt, at int64) (e Entry, ok bool, err error) {
	h := make([]byte, headerSize+maxName)
	n, err := r.ReadAt(h, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return e, false, err
	}
	h = h[:n]
	if !Is(h) || n < headerSize {
		return e, false, nil
	}
	fileSize, err1 := strconv.ParseUint(string(h[54:62]), 16, 32)
	nameSize, err2 := strconv.ParseUint(string(h[94:102]), 16, 32)
	if err1 != nil || err2 != nil {
		return e, false, nil //nolint:nilerr // a header that makes no sense is no entry
	}
	name, _, _ := bytes.Cut(h[headerSize:min(headerSize+int(min(nameSize, maxName)), n)], []byte{0})
	next := align4(align4(at+headerSize+int64(nameSize)) + int64(fileSize))
	return Entry{Name: string(name), Next: next}, true, nil
}

func align4(n int64) int64 { return (n + 3) &^ 3 }
