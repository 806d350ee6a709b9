package record

import (
	"bytes"
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
