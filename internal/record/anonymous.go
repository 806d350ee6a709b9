package record

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Anonymous is a record with all replaced that says whose machine and network it
// is: hardware addresses, IP addresses, UUIDs, names of hosts and domains, and what
// relays and vendors put into options that no boot depends on. The same is replaced
// by the same, and what is on one network stays on one. Names of files stay, but
// for addresses in them.
func Anonymous(r Record) Record {
	a := &anonymizer{ips: map[netip.Addr]netip.Addr{}, nets: map[[3]byte]byte{}, nets6: map[[8]byte]byte{}, macs: map[boot.MAC]boot.MAC{}}
	a.mac(r.Head.MAC)
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
	macs  map[boot.MAC]boot.MAC
	uuids [][]byte
}

// mac is what replaces a hardware address: one that no card has. What tells a
// Raspberry Pi, its maker's first three bytes, stays.
func (a *anonymizer) mac(m boot.MAC) boot.MAC {
	if m == (boot.MAC{}) || m[0]&1 != 0 {
		return m
	}
	if known, ok := a.macs[m]; ok {
		return known
	}
	n := len(a.macs) + 1
	to := boot.MAC{m[0], m[1], m[2], 0, byte(n >> 8), byte(n)}
	a.macs[m] = to
	return to
}

// ip is what replaces an address: in 10.77.0.0/16 or fd77::/48, and with the same
// last byte, so that what is on one network stays there.
func (a *anonymizer) ip(from netip.Addr) netip.Addr {
	from = from.Unmap().WithZone("")
	if !from.IsValid() || from.IsUnspecified() || from.IsMulticast() || from.IsLoopback() || from == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return from
	}
	if known, ok := a.ips[from]; ok {
		return known
	}
	to := a.other(from)
	a.ips[from] = to
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
// one begins with its model, which stays.
func replacedUUID(v []byte) []byte {
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
		for _, s := range []*string{&v.File, &v.Reason, &v.Hint, &v.Err} {
			*s = a.text(*s)
		}
		e.Event = &v
	}
	if e.Verdict != nil {
		v := *e.Verdict
		for _, s := range []*string{&v.Sentence, &v.Likely, &v.Hint} {
			*s = a.text(*s)
		}
		e.Verdict = &v
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

// quads finds IPv4 addresses, hosts those of URLs.
var (
	quads = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)
	hosts = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)([^/\s\["]+)`)
	six   = regexp.MustCompile(`(?i)\[?[0-9a-f:]*::?[0-9a-f:.]*[0-9a-f]\]?`)
)

// text replaces what names of files and sentences have of all this.
func (a *anonymizer) text(s string) string {
	for from, to := range a.macs {
		for _, sep := range []string{":", "-", ""} {
			s = replaceFold(s, written(from, sep), written(to, sep))
		}
	}
	for _, v := range a.uuids {
		s = replaceFold(s, boot.UUID(v).String(), boot.UUID(replacedUUID(v)).String())
		s = replaceFold(s, hex.EncodeToString(v), hex.EncodeToString(replacedUUID(v)))
	}
	s = hosts.ReplaceAllStringFunc(s, a.host)
	s = quads.ReplaceAllStringFunc(s, a.address)
	s = six.ReplaceAllStringFunc(s, func(found string) string {
		bare := strings.Trim(found, "[]")
		if to := a.address(bare); to != bare {
			return strings.Replace(found, bare, to, 1)
		}
		return found
	})
	for from, to := range a.ips { // PXELINUX writes them so
		if from.Is4() {
			x, y := from.As4(), to.As4()
			s = replaceFold(s, hex.EncodeToString(x[:]), strings.ToUpper(hex.EncodeToString(y[:])))
		}
	}
	return s
}

func (a *anonymizer) address(found string) string {
	addr, err := netip.ParseAddr(found)
	if err != nil || addr.Is4() && (addr.IsLoopback() || addr.As4()[0] == 255) {
		return found
	}
	return a.ip(addr).String()
}

// host replaces the host of a URL that has a name.
func (a *anonymizer) host(found string) string {
	parts := hosts.FindStringSubmatch(found)
	name, port, err := net.SplitHostPort(parts[2])
	if err != nil {
		name, port = parts[2], ""
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return found
	}
	if port != "" {
		port = ":" + port
	}
	return parts[1] + "host.example" + port
}

func written(m boot.MAC, sep string) string {
	return strings.ReplaceAll(net.HardwareAddr(m[:]).String(), ":", sep)
}

// replaceFold replaces, whatever the case of letters.
func replaceFold(s, from, to string) string {
	at := strings.Index(strings.ToLower(s), from)
	if at < 0 || len(strings.ToLower(s)) != len(s) {
		return s
	}
	return s[:at] + to + replaceFold(s[at+len(from):], from, to)
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
// END behind them; fields that carry options (overload) lose them.
func (a *anonymizer) dhcp(b []byte) []byte {
	out := bytes.Clone(b[:optionsAt])
	mac := a.mac(boot.MAC(b[chaddrAt : chaddrAt+6]))
	copy(out[chaddrAt:], mac[:])
	for at := 12; at < chaddrAt; at += 4 {
		copy(out[at:], a.four(b[at:at+4]))
	}
	copy(out[snameAt:fileAt], a.field(b[snameAt:fileAt]))
	copy(out[fileAt:cookieAt], a.field(b[fileAt:cookieAt]))
	for _, o := range options(b[optionsAt:]) {
		v := a.option(o.code, o.value)
		out = append(append(out, o.code, uint8(min(len(v), 255))), v[:min(len(v), 255)]...)
	}
	if bytes.IndexByte(b[optionsAt:], 255) >= 0 {
		out = append(out, 255)
	}
	return out
}

func (a *anonymizer) field(b []byte) []byte {
	text, _, _ := bytes.Cut(b, []byte{0})
	out := make([]byte, len(b))
	copy(out[:len(b)-1], a.text(string(text)))
	return out
}

// four is an address within a packet.
func (a *anonymizer) four(b []byte) []byte {
	to := a.ip(netip.AddrFrom4([4]byte(b))).As4()
	return to[:]
}

// fours are several.
func (a *anonymizer) fours(v []byte) []byte {
	out := bytes.Clone(v)
	for at := 0; at+4 <= len(v); at += 4 {
		copy(out[at:], a.four(v[at:at+4]))
	}
	return out
}

// option is the value that replaces an option's. Those that a boot depends on keep
// what tells nobody apart; of all others only the length stays.
func (a *anonymizer) option(code uint8, v []byte) []byte {
	switch code {
	case 1, 2, 13, 26, 51, 52, 53, 55, 57, 58, 59, 80, 93, 94, 116, 211:
		return v
	case 3, 6, 28, 42, 50, 54, 118, 150:
		return a.fours(v)
	case 17, 60, 66, 67, 77, 209, 210:
		return []byte(a.name(code, v))
	case 43:
		return a.suboptions(v, func(code uint8, v []byte) []byte {
			switch code {
			case 1, 7:
				return a.fours(v)
			case 8:
				return a.bootServers(v)
			case 3: // of BSDP, the server's address
				if len(v) == 4 {
					return a.fours(v)
				}
			}
			return v
		})
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
			if code == 1 || code >= 8 && code <= 41 || code == 176 || code == 177 || code == 189 || code == 235 {
				return v
			}
			return make([]byte, len(v))
		})
	}
	return make([]byte, len(v))
}

// name replaces what a text has, and in option 66 the name of a host.
func (a *anonymizer) name(code uint8, v []byte) string {
	text := string(v)
	if code == 66 {
		if _, err := netip.ParseAddr(strings.TrimRight(text, "\x00")); err != nil && text != "" {
			return "host.example"
		}
	}
	return a.text(text)
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
		out = append(append(out, o.code, uint8(len(to))), to...)
	}
	if bytes.IndexByte(v, 255) >= 0 {
		out = append(out, 255)
	}
	return out
}

func (a *anonymizer) bootServers(v []byte) []byte {
	out := bytes.Clone(v)
	for at := 0; at+3 <= len(v); {
		n := 4 * int(v[at+2])
		if at+3+n > len(v) {
			break
		}
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
	case 6, 7, 8, 14, 15, 16, 20, 32, 60, 61, 62:
		return v
	case 13:
		return v[:min(2, len(v))]
	case 1, 2:
		return a.duid(v)
	case 3:
		if len(v) >= 12 {
			return append(bytes.Clone(v[:12]), a.options6(v[12:], depth+1)...)
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
	out := bytes.Clone(v)
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
