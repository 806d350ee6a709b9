package nfs

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of a call. The longest ones are the writes of who mounts for writing, which are to be
// read to be refused.
const (
	mostCall      = 12 << 10 // bytes
	mostFragments = 16
	lastFragment  = 1 << 31
)

// readRecord reads one call by the record marking of RFC 5531 section 11 into buffer, which it
// may replace by a larger one. begun is called once its first bytes are there.
func readRecord(r io.Reader, buffer []byte, begun func()) ([]byte, error) {
	buffer = buffer[:0]
	for i := range mostFragments {
		at := len(buffer)
		mark := grown(buffer, 4)[at:]
		if _, err := io.ReadFull(r, mark); err != nil {
			return buffer, err
		}
		if i == 0 {
			begun()
		}
		header := binary.BigEndian.Uint32(mark)
		length := int(header &^ lastFragment)
		if length > mostCall-at {
			return buffer, fmt.Errorf("a call has more than %d bytes", mostCall)
		}
		buffer = grown(buffer, length)
		if _, err := io.ReadFull(r, buffer[at:]); err != nil {
			return buffer, err
		}
		if header&lastFragment != 0 {
			return buffer, nil
		}
	}
	return buffer, errors.New("a call has more than 16 fragments")
}

// hasRecord tells whether a whole call was read already. One in fragments counts as none.
func hasRecord(r *bufio.Reader) bool {
	if r.Buffered() < 4 {
		return false
	}
	mark, _ := r.Peek(4)
	header := binary.BigEndian.Uint32(mark)
	return header&lastFragment != 0 && int(header&^lastFragment) <= r.Buffered()-4
}

// grown is a buffer with n bytes more.
func grown(b []byte, n int) []byte {
	if n <= cap(b)-len(b) {
		return b[:len(b)+n]
	}
	return append(b, make([]byte, n)...)
}
