package image

import (
	"encoding/binary"
	"strings"
)

// head is the beginning of a file. Its methods may be asked for any place:
// what is not there does not match and counts as zero.
type head []byte

func (h head) has(at int, magic string) bool {
	return at >= 0 && at <= len(h) && strings.HasPrefix(string(h[at:min(len(h), at+len(magic))]), magic)
}

func (h head) u8(at int) uint8 {
	if at < 0 || at >= len(h) {
		return 0
	}
	return h[at]
}

func (h head) u16(at int) uint16 {
	if at < 0 || at > len(h)-2 {
		return 0
	}
	return binary.LittleEndian.Uint16(h[at:])
}

func (h head) u32(at int) uint32 {
	if at < 0 || at > len(h)-4 {
		return 0
	}
	return binary.LittleEndian.Uint32(h[at:])
}

func (h head) u64(at int) uint64 {
	if at < 0 || at > len(h)-8 {
		return 0
	}
	return binary.LittleEndian.Uint64(h[at:])
}

// text is the printable text at a place, up to a NUL, a line break, or most
// bytes. Anything that a terminal could take as a command is left out.
func (h head) text(at, most int) string {
	if at < 0 || at >= len(h) {
		return ""
	}
	var b strings.Builder
	for _, c := range h[at:min(len(h), at+most)] {
		if c == 0 || c == '\n' || c == '\r' {
			break
		}
		if c >= ' ' && c <= '~' {
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}
