package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// maxNested bounds messages in messages.
const maxNested = 16

// message6 rewrites a message of DHCPv6, and those that relays carry.
func (a *anonymizer) message6(b []byte, depth int) []byte {
	head := 4
	if len(b) > 0 && (b[0] == 12 || b[0] == 13) {
		head = 34
	}
	if len(b) < head || depth > maxNested {
		return nil
	}
	out := bytes.Clone(b[:head])
	if head == 34 {
		copy(out[2:], a.sixteens(b[2:34]))
	} else {
		copy(out[1:4], a.number(b[1:4]))
	}
	return append(out, a.options6(b[head:], depth)...)
}

func (a *anonymizer) options6(b []byte, depth int) []byte {
	var out []byte
	for len(b) >= 4 {
		code, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+size {
			break
		}
		v := a.option6(code, b[4:4+size], depth)
		out = binary.BigEndian.AppendUint16(out, code)
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(v))), v...)
		b = b[4+size:]
	}
	return out
}

func (a *anonymizer) option6(code uint16, v []byte, depth int) []byte {
	switch code {
	case 7, 8, 14, 20, 32, 62:
		if len(v) <= 4 {
			return v
		}
	case 6: // numbers of options
		return v
	case 61:
		return architectures(v)
	case 15, 60:
		return a.classes(v, 2)
	case 16:
		if len(v) >= 4 {
			return append(v[:4:4], a.classes(v[4:], 2)...)
		}
	case 13:
		return v[:min(2, len(v))]
	case 1, 2:
		return a.duid(v)
	case 3:
		if len(v) >= 12 {
			out := append(a.number(v[:4]), v[4:12]...)
			return append(out, a.options6(v[12:], depth+1)...)
		}
	case 5:
		if len(v) >= 24 {
			out := append(a.sixteens(v[:16]), v[16:24]...)
			return append(out, a.options6(v[24:], depth+1)...)
		}
	case 9:
		return a.message6(v, depth+1)
	case 12, 23, 31:
		return a.sixteens(v)
	case 59:
		return []byte(a.text(string(v)))
	case 79:
		if len(v) == 8 {
			mac := a.mac(boot.MAC(v[2:]))
			return append(bytes.Clone(v[:2]), mac[:]...)
		}
	}
	return make([]byte, len(v))
}

func (a *anonymizer) sixteens(v []byte) []byte {
	out := make([]byte, len(v))
	for at := 0; at+16 <= len(v); at += 16 {
		to := a.ip(netip.AddrFrom16([16]byte(v[at:]))).As16()
		copy(out[at:], to[:])
	}
	return out
}

// duid keeps the kind of an identifier. A server's stays another than a client's.
func (a *anonymizer) duid(v []byte) []byte {
	if len(v) < 2 {
		return make([]byte, len(v))
	}
	out := append(bytes.Clone(v[:2]), make([]byte, len(v)-2)...)
	switch kind := binary.BigEndian.Uint16(v); {
	case kind == 1 && len(v) == 14, kind == 3 && len(v) == 10:
		mac := a.mac(boot.MAC(v[len(v)-6:]))
		copy(out[2:], v[2:4])
		copy(out[len(v)-6:], mac[:])
	case kind == 4 && len(v) == 18:
		a.uuid(v[2:])
		copy(out[2:], replacedUUID(v[2:]))
		out[17] = byte(1 + slices.IndexFunc(a.uuids, func(u []byte) bool { return bytes.Equal(u, v[2:]) }))
	default:
		copy(out[2:], fmt.Sprint(len(v)))
	}
	return out
}
