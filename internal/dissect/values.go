package dissect

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/spurboot/spur/internal/pxe"
)

// show writes the value of an option. A value that isn't of the kind that its
// option has is written by raw.
type show func(v []byte) string

// raw writes bytes as digits.
func raw(v []byte) string {
	if len(v) > maxValue/2 {
		return hex.EncodeToString(v[:maxValue/2]) + "…"
	}
	return hex.EncodeToString(v)
}

// text is a string in quotes. What ends it that no name has is shown.
func text(v []byte) string { return `"` + line(string(v)) + `"` }

// either is text where all of it can be read, and digits else.
func either(v []byte) string {
	if len(v) == 0 {
		return "empty"
	}
	if !utf8.Valid(v) || strings.ContainsFunc(strings.TrimRight(string(v), "\x00"), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return raw(v)
	}
	return text(v)
}

// number is a number in network order, of one to four bytes.
func number(v []byte) string {
	if n, ok := integer(v); ok {
		return fmt.Sprint(n)
	}
	return raw(v)
}

func integer(v []byte) (uint32, bool) {
	if len(v) == 0 || len(v) > 4 {
		return 0, false
	}
	n := uint32(0)
	for _, b := range v {
		n = n<<8 | uint32(b)
	}
	return n, true
}

func seconds(v []byte) string {
	n, ok := integer(v)
	switch {
	case !ok:
		return raw(v)
	case n == 0xffffffff && len(v) == 4:
		return "for ever"
	}
	return fmt.Sprintf("%d s", n)
}

// flag is one byte that says yes or no.
func flag(v []byte) string {
	switch {
	case len(v) == 1 && v[0] == 0:
		return "no"
	case len(v) == 1 && v[0] == 1:
		return "yes"
	}
	return number(v)
}

// none is the value of an option that has none.
func none(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	return raw(v)
}

// hidden is for what must not be shown to whoever reads over a shoulder.
func hidden(v []byte) string { return fmt.Sprintf("(%d bytes, not shown)", len(v)) }

// address4 and address6 are one address or several.
func address4(v []byte) string { return addresses(v, 4) }
func address6(v []byte) string { return addresses(v, 16) }

func addresses(v []byte, size int) string {
	if len(v) == 0 || len(v)%size != 0 {
		return raw(v)
	}
	var all []string
	for ; len(v) >= size && len(all) < 16; v = v[size:] {
		a, _ := netip.AddrFromSlice(v[:size])
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}

// archs is a list of client architectures.
func archs(v []byte) string {
	if len(v) < 2 || len(v)%2 != 0 {
		return raw(v)
	}
	var all []string
	for ; len(v) >= 2 && len(all) < 16; v = v[2:] {
		n := binary.BigEndian.Uint16(v)
		all = append(all, fmt.Sprintf("%d (%s)", n, pxe.Arch(n)))
	}
	return strings.Join(all, ", ")
}

// interfaceID is the version of a network card's driver interface.
func interfaceID(v []byte) string {
	if len(v) != 3 {
		return raw(v)
	}
	if v[0] == 1 {
		return fmt.Sprintf("UNDI %d.%d", v[1], v[2])
	}
	return fmt.Sprintf("type %d, %d.%d", v[0], v[1], v[2])
}

// machineID is the identifier of a machine with its type before it. Its order is
// that of the bytes on the wire.
func machineID(v []byte) string {
	switch {
	case len(v) == 17 && v[0] == 0:
		return "UUID " + uuid(v[1:])
	case len(v) == 16:
		return "UUID " + uuid(v) + ", without the type byte"
	}
	return raw(v)
}

func uuid(v []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", v[0:4], v[4:6], v[6:8], v[8:10], v[10:16])
}

// clientID is RFC 2132's: a hardware type and an address, or RFC 4361's, which
// has a DUID.
func clientID(v []byte) string {
	switch {
	case len(v) == 7 && v[0] == 1:
		return net.HardwareAddr(v[1:]).String()
	case len(v) > 5 && v[0] == 255:
		return fmt.Sprintf("IAID %x, DUID %s", v[1:5], duid(v[5:]))
	}
	return raw(v)
}

// duid is a DUID (RFC 8415 section 11, RFC 6355).
func duid(v []byte) string {
	if len(v) < 2 {
		return raw(v)
	}
	switch kind := binary.BigEndian.Uint16(v); {
	case kind == 1 && len(v) > 8:
		return fmt.Sprintf("DUID-LLT %s (time %d)", hardware(binary.BigEndian.Uint16(v[2:]), v[8:]), binary.BigEndian.Uint32(v[4:]))
	case kind == 2 && len(v) > 6:
		return fmt.Sprintf("DUID-EN of enterprise %d, %s", binary.BigEndian.Uint32(v[2:]), raw(v[6:]))
	case kind == 3 && len(v) > 4:
		return "DUID-LL " + hardware(binary.BigEndian.Uint16(v[2:]), v[4:])
	case kind == 4 && len(v) == 18:
		return "DUID-UUID " + uuid(v[2:])
	}
	return raw(v)
}

// hardware is an address on a network of a type.
func hardware(kind uint16, v []byte) string {
	if kind == 1 && len(v) == 6 {
		return net.HardwareAddr(v).String()
	}
	return fmt.Sprintf("%s of hardware type %d", raw(v), kind)
}

// codes is a list of options that are asked for.
func codes(v []byte) string {
	words := make([]string, len(v))
	for i, c := range v {
		words[i] = fmt.Sprint(c)
	}
	return line(strings.Join(words, " "))
}

// codes6 is codes for DHCPv6.
func codes6(v []byte) string {
	if len(v)%2 != 0 {
		return raw(v)
	}
	var words []string
	for ; len(v) >= 2; v = v[2:] {
		words = append(words, fmt.Sprint(binary.BigEndian.Uint16(v)))
	}
	return line(strings.Join(words, " "))
}

// userClass is option 77: RFC 3004's list, or the plain string that iPXE sends.
func userClass(v []byte) string {
	var all []string
	for rest := v; len(rest) > 0; {
		n := int(rest[0])
		if n == 0 || n >= len(rest) {
			return either(v)
		}
		all = append(all, either(rest[1:1+n]))
		rest = rest[1+n:]
	}
	if all == nil {
		return "empty"
	}
	return line(strings.Join(all, ", "))
}
