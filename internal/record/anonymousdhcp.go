package record

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// The layout of RFC 2131 section 2, and options that say who somebody is.
const (
	chaddrAt  = 28
	snameAt   = 44
	fileAt    = 108
	cookieAt  = 236
	optionsAt = 240
	optUUID   = 97
)

// rawOption is an option as it is in a packet.
type rawOption struct {
	code  uint8
	value []byte
}

// options reads options up to the end, or to one that doesn't fit.
func options(b []byte) []rawOption {
	var all []rawOption
	for len(b) > 0 && b[0] != 255 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			break
		}
		all = append(all, rawOption{b[0], b[2 : 2+int(b[1])]})
		b = b[2+int(b[1]):]
	}
	return all
}

// dhcp rewrites a packet. Its options stay in their order, and whether there is an
// END behind them, also in the fields that carry options (option 52).
func (a *anonymizer) dhcp(b []byte) []byte {
	out := bytes.Clone(b[:optionsAt])
	mac := a.mac(boot.MAC(b[chaddrAt : chaddrAt+6]))
	copy(out[chaddrAt:snameAt], make([]byte, snameAt-chaddrAt))
	copy(out[chaddrAt:], mac[:])
	copy(out[4:8], a.number(b[4:8]))
	for at := 12; at < chaddrAt; at += 4 {
		copy(out[at:], a.four(b[at:at+4]))
	}
	overload := overloaded(b)
	copy(out[snameAt:fileAt], a.field(b[snameAt:fileAt], overload&2 != 0))
	copy(out[fileAt:cookieAt], a.field(b[fileAt:cookieAt], overload&1 != 0))
	return append(out, a.options(b[optionsAt:])...)
}

// overloaded says which fields of a packet carry options (RFC 2132 section 9.3).
func overloaded(b []byte) uint8 {
	for _, o := range options(b[optionsAt:]) {
		if o.code == 52 && len(o.value) == 1 {
			return o.value[0]
		}
	}
	return 0
}

func (a *anonymizer) options(b []byte) []byte {
	return a.suboptions(b, a.option)
}

// field is what replaces sname or file: text, or options as far as there is room.
func (a *anonymizer) field(b []byte, carries bool) []byte {
	out := make([]byte, len(b))
	if !carries {
		text, _, _ := bytes.Cut(b, []byte{0})
		copy(out[:len(b)-1], a.text(string(text)))
		return out
	}
	at := 0
	for _, o := range options(b) {
		v := a.option(o.code, o.value)
		if at+2+len(v) >= len(b) {
			break
		}
		out[at], out[at+1] = o.code, uint8(len(v))
		at += 2 + copy(out[at+2:], v)
	}
	out[at] = 255
	return out
}

// number is what replaces the number of a transaction or an association.
func (a *anonymizer) number(b []byte) []byte {
	n, known := a.numbers[string(b)]
	if !known {
		n = uint32(len(a.numbers) + 1)
		a.numbers[string(b)] = n
	}
	return binary.BigEndian.AppendUint32(nil, n)[4-len(b):]
}

// four is an address within a packet.
func (a *anonymizer) four(b []byte) []byte {
	to := a.ip(netip.AddrFrom4([4]byte(b))).As4()
	return to[:]
}

// fours are several.
func (a *anonymizer) fours(v []byte) []byte {
	out := make([]byte, len(v))
	for at := 0; at+4 <= len(v); at += 4 {
		copy(out[at:], a.four(v[at:at+4]))
	}
	return out
}

// option is the value that replaces an option's. Those that a boot depends on keep
// what tells nobody apart; of all others only the length stays.
func (a *anonymizer) option(code uint8, v []byte) []byte {
	switch code {
	case 1, 2, 13, 26, 51, 52, 53, 57, 58, 59, 80, 94, 116, 211:
		if len(v) <= 4 {
			return v
		}
	case 55: // numbers of options
		return v
	case 93:
		return architectures(v)
	case 3, 6, 28, 42, 50, 54, 118, 150:
		return a.fours(v)
	case 17, 60, 66, 67, 209, 210:
		return []byte(a.text(string(v)))
	case 77:
		return a.classes(v, 1)
	case 43:
		return a.vendorOptions(v)
	case 61:
		return a.clientID(v)
	case 82:
		return a.suboptions(v, func(code uint8, v []byte) []byte {
			if code == 5 || code == 11 {
				return a.fours(v)
			}
			return make([]byte, len(v))
		})
	case optUUID:
		if len(v) == 17 {
			return append([]byte{v[0]}, replacedUUID(v[1:])...)
		}
	case 175:
		return a.suboptions(v, func(code uint8, v []byte) []byte {
			if len(v) <= 5 && (code == 1 || code >= 8 && code <= 41 || code == 176 || code == 177 || code == 189 || code == 235) {
				return v
			}
			return make([]byte, len(v))
		})
	}
	return make([]byte, len(v))
}

// architectures is a list of numbers, all of which are small.
func architectures(v []byte) []byte {
	out := make([]byte, len(v))
	for at := 1; at < len(v); at += 2 {
		out[at] = v[at]
	}
	return out
}

// classes are user classes, each behind its length of so many bytes (RFC 3004, RFC
// 8415 section 21.15); most clients send option 77 as text.
func (a *anonymizer) classes(v []byte, lengthBytes int) []byte {
	var out []byte
	for rest := v; len(rest) > 0; {
		if len(rest) < lengthBytes {
			return []byte(a.text(string(v)))
		}
		size := 0
		for _, b := range rest[:lengthBytes] {
			size = size<<8 | int(b)
		}
		if len(rest) < lengthBytes+size {
			return []byte(a.text(string(v)))
		}
		to := a.text(string(rest[lengthBytes : lengthBytes+size]))
		length := binary.BigEndian.AppendUint16(nil, uint16(len(to)))
		out = append(append(out, length[2-lengthBytes:]...), to...)
		rest = rest[lengthBytes+size:]
	}
	return out
}

// vendorOptions is option 43. BSDP's begins with the kind of message, in one byte.
func (a *anonymizer) vendorOptions(v []byte) []byte {
	if len(v) > 1 && v[0] == 1 && v[1] == 1 {
		return a.suboptions(v, a.bsdpOption)
	}
	return a.suboptions(v, a.pxeOption)
}

// bsdpOption keeps numbers, and of images theirs and how long their names are.
func (a *anonymizer) bsdpOption(code uint8, v []byte) []byte {
	switch {
	case slices.Contains([]uint8{1, 2, 4, 5, 7, 8, 12}, code) && len(v) <= 4:
		return v
	case code == 3:
		return a.fours(v[:len(v)&^3])
	case code == 9:
		return a.titles(v, 4)
	}
	return make([]byte, len(v))
}

// pxeOption is one of the PXE specification, table 2-1. What a Raspberry Pi looks for
// is in the menu.
func (a *anonymizer) pxeOption(code uint8, v []byte) []byte {
	switch {
	case slices.Contains([]uint8{2, 3, 4, 5, 6, 71}, code) && len(v) <= 4:
		return v
	case code == 1 || code == 7:
		return a.fours(v[:len(v)&^3])
	case code == 8:
		return a.bootServers(v)
	case code == 9:
		return a.titles(v, 2)
	case code == 10 && len(v) > 0:
		return append(v[:1:1], a.text(string(v[1:]))...)
	}
	return make([]byte, len(v))
}

// titles is a list of numbers of so many bytes, each with a title.
func (a *anonymizer) titles(v []byte, numberBytes int) []byte {
	var out []byte
	for len(v) > numberBytes && len(v) > numberBytes+int(v[numberBytes]) {
		end := numberBytes + 1 + int(v[numberBytes])
		to := a.text(string(v[numberBytes+1 : end]))
		to = to[:min(len(to), 255)]
		out = append(append(append(out, v[:numberBytes]...), uint8(len(to))), to...)
		v = v[end:]
	}
	return append(out, make([]byte, len(v))...)
}

// clientID is option 61: a hardware address stays one.
func (a *anonymizer) clientID(v []byte) []byte {
	if len(v) == 7 && v[0] == 1 {
		mac := a.mac(boot.MAC(v[1:]))
		return append([]byte{1}, mac[:]...)
	}
	if len(v) == 17 && v[0] == 0 {
		return append([]byte{0}, replacedUUID(v[1:])...)
	}
	out := make([]byte, len(v))
	copy(out, v[:min(1, len(v))])
	return out
}

// suboptions replaces the values of options in an option.
func (a *anonymizer) suboptions(v []byte, replace func(uint8, []byte) []byte) []byte {
	var out []byte
	for _, o := range options(v) {
		to := replace(o.code, o.value)
		to = to[:min(len(to), 255)]
		out = append(append(out, o.code, uint8(len(to))), to...)
	}
	if bytes.IndexByte(v, 255) >= 0 {
		out = append(out, 255)
	}
	return out
}

func (a *anonymizer) bootServers(v []byte) []byte {
	out := make([]byte, len(v))
	for at := 0; at+3 <= len(v); {
		n := 4 * int(v[at+2])
		if at+3+n > len(v) {
			break
		}
		copy(out[at:], v[at:at+3])
		copy(out[at+3:], a.fours(v[at+3:at+3+n]))
		at += 3 + n
	}
	return out
}
