package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Anonymous is a record with all replaced that may say whose machine and network it
// is. What stays is listed: fields and options that a boot depends on and that tell
// nobody apart, and in text the words in kept. The same is replaced by the same, and
// what is on one network stays on one.
func Anonymous(r Record) Record {
	a := &anonymizer{
		own: r.Head.MAC, macs: map[boot.MAC]boot.MAC{}, ips: map[netip.Addr]netip.Addr{}, nets: map[[3]byte]byte{}, nets6: map[[8]byte]byte{},
		words: map[string]int{}, numbers: map[string]uint32{},
	}
	a.mac(a.own)
	out := Record{Head: r.Head}
	out.Head.Anonymous, out.Head.Interface = true, ""
	out.Head.Addresses = nil
	for _, p := range r.Head.Addresses {
		out.Head.Addresses = append(out.Head.Addresses, netip.PrefixFrom(a.ip(p.Addr()), p.Bits()))
	}
	for _, e := range r.Entries {
		a.learn(e)
	}
	out.Head.MAC = a.mac(r.Head.MAC)
	for _, e := range r.Entries {
		out.Entries = append(out.Entries, a.entry(e))
	}
	return out
}

// anonymizer knows what replaces what.
type anonymizer struct {
	ips   map[netip.Addr]netip.Addr
	nets  map[[3]byte]byte
	nets6 map[[8]byte]byte
	own   boot.MAC // of the machine
	macs  map[boot.MAC]boot.MAC
	uuids [][]byte
	order []netip.Addr   // those of ips, as they came
	words map[string]int // of text
	// numbers are those of transactions and associations: firmware makes them of
	// hardware addresses.
	numbers map[string]uint32
}

// mac is what replaces a hardware address: one that no card has. Of the machine's own
// the maker's three bytes stay: they tell a Raspberry Pi.
func (a *anonymizer) mac(m boot.MAC) boot.MAC {
	if m == (boot.MAC{}) || m == (boot.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) {
		return m
	}
	if known, ok := a.macs[m]; ok {
		return known
	}
	n := len(a.macs) + 1
	to := boot.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)}
	if m == a.own {
		copy(to[:3], m[:3])
	}
	a.macs[m] = to
	return to
}

// solicited are the groups that have the last bytes of an address in theirs (RFC 4291
// section 2.7.1).
var solicited = netip.MustParsePrefix("ff02::1:ff00:0/104")

// ip is what replaces an address: in 10.77.0.0/16 or fd77::/48, and with the same
// last byte, so that what is on one network stays there.
func (a *anonymizer) ip(from netip.Addr) netip.Addr {
	from = from.Unmap().WithZone("")
	if solicited.Contains(from) {
		return solicited.Addr()
	}
	if !from.IsValid() || from.IsUnspecified() || from.IsMulticast() || from.IsLoopback() || from == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return from
	}
	if known, ok := a.ips[from]; ok {
		return known
	}
	to := a.other(from)
	a.ips[from] = to
	a.order = append(a.order, from)
	return to
}

func (a *anonymizer) other(from netip.Addr) netip.Addr {
	if from.Is4() {
		b := from.As4()
		network := [3]byte(b[:3])
		if _, ok := a.nets[network]; !ok {
			a.nets[network] = byte(len(a.nets))
		}
		return netip.AddrFrom4([4]byte{10, 77, a.nets[network], b[3]})
	}
	b := from.As16()
	to := netip.MustParseAddr("fd77::").As16()
	if from.IsLinkLocalUnicast() {
		to = netip.MustParseAddr("fe80::").As16()
	} else {
		network := [8]byte(b[:8])
		if _, ok := a.nets6[network]; !ok {
			a.nets6[network] = byte(len(a.nets6))
		}
		to[7] = a.nets6[network]
	}
	host := b[8:]
	switch {
	case host[3] == 0xff && host[4] == 0xfe: // made of a hardware address (RFC 4291 appendix A)
		m := a.mac(boot.MAC{host[0] ^ 2, host[1], host[2], host[5], host[6], host[7]})
		copy(to[8:], []byte{m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]})
	case bytes.Equal(host[:6], make([]byte, 6)):
		copy(to[8:], host)
	default:
		to[14], to[15] = byte(len(a.ips)>>8)|0x80, byte(len(a.ips))
	}
	return netip.AddrFrom16(to)
}

// learn notes what is to be replaced before anything is: a later packet may show
// what an earlier one has in a name.
func (a *anonymizer) learn(e Entry) {
	if e.Event != nil {
		a.ip(e.Event.Peer)
		a.ip(e.Event.Server)
	}
	p := e.Packet
	if p == nil {
		return
	}
	for _, addr := range []netip.Addr{p.Src.Addr(), p.Dst.Addr(), p.Server} {
		a.ip(addr)
	}
	if p.Card != nil {
		a.mac(*p.Card)
	}
	if p.Proto == DHCP && len(p.Bytes) >= optionsAt {
		a.mac(boot.MAC(p.Bytes[chaddrAt : chaddrAt+6]))
		for _, o := range options(p.Bytes[optionsAt:]) {
			if o.code == optUUID && len(o.value) == 17 {
				a.uuid(o.value[1:])
			}
		}
	}
}

func (a *anonymizer) uuid(v []byte) {
	if !slices.ContainsFunc(a.uuids, func(known []byte) bool { return bytes.Equal(known, v) }) {
		a.uuids = append(a.uuids, bytes.Clone(v))
	}
}

// replacedUUID is what replaces a UUID. What a Raspberry Pi writes in the place of
// one begins with its model, which stays; so does what all of the model 3B have.
func replacedUUID(v []byte) []byte {
	if bytes.Equal(v, bytes.Repeat([]byte{0x44}, len(v))) {
		return bytes.Clone(v)
	}
	to := make([]byte, 16)
	if bytes.HasPrefix(v, []byte("RPi")) {
		copy(to, v[:4])
	}
	to[6], to[8], to[15] = 0x40, 0x80, 1
	return to
}

func (a *anonymizer) entry(e Entry) Entry {
	if e.Packet != nil {
		e.Packet = a.packet(*e.Packet)
	}
	if e.Event != nil {
		v := *e.Event
		v.Peer, v.Server = a.ip(v.Peer), a.ip(v.Server)
		v.File, v.Reason, v.Hint, v.Err = a.text(v.File), a.text(v.Reason), "", a.text(v.Err)
		e.Event = &v
	}
	if e.Verdict != nil {
		e.Verdict = &Verdict{Cause: e.Verdict.Cause, Sentence: "(what was said of it is left out)"}
	}
	return e
}

func (a *anonymizer) packet(p Packet) *Packet {
	p.Src, p.Dst = netip.AddrPortFrom(a.ip(p.Src.Addr()), p.Src.Port()), netip.AddrPortFrom(a.ip(p.Dst.Addr()), p.Dst.Port())
	p.Server = a.ip(p.Server)
	if p.Card != nil {
		card := a.mac(*p.Card)
		p.Card = &card
	}
	p.File, p.Says = a.text(p.File), a.text(p.Says)
	switch {
	case p.Proto == DHCP && len(p.Bytes) >= optionsAt:
		p.Bytes = a.dhcp(p.Bytes)
	case p.Proto == DHCP6:
		p.Bytes = a.message6(p.Bytes, 0)
	default:
		p.Bytes = nil
	}
	return &p
}

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
