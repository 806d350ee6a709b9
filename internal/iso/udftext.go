package iso

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// fromOSTA reads a name in OSTA's compressed Unicode (UDF section 2.1.1).
func fromOSTA(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	switch b[0] {
	case 8, 254:
		runes := make([]rune, len(b)-1)
		for i, c := range b[1:] {
			runes[i] = rune(c)
		}
		return string(runes)
	case 16, 255:
		units := make([]uint16, (len(b)-1)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[1+2*i:])
		}
		return string(utf16.Decode(units))
	}
	return ""
}

// fromDString reads a field of fixed length, whose last byte says how much of it counts
// (ECMA-167 part 1, section 7.2.12).
func fromDString(b []byte) string {
	n := min(int(b[len(b)-1]), len(b)-1)
	return strings.TrimRight(fromOSTA(b[:n]), " \x00")
}
