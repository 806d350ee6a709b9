package capture

import (
	"crypto/sha256"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// dhcp6 takes in a message of DHCPv6. Who it is about is told by its identifier
// (option 1), which the first request with the card's address in its frame, or in
// what a relay says, ties to a machine.
func (a *assembly) dhcp6(at time.Time, p packet, src, dst netip.AddrPort, b []byte) {
	inner, link := Unwrap6(b)
	if len(inner) < 4 {
		return
	}
	id := string(option6(inner[4:], 1))
	m, known := a.duids[id]
	if !known {
		if isReply6(inner[0]) {
			return
		}
		if m = a.machine(card6(src.Addr(), p, link, id)); m == nil {
			return
		}
		if id != "" && len(a.duids) < maxAddresses {
			a.duids[id] = m
		}
	}
	if !isReply6(inner[0]) && len(b) == len(inner) {
		a.has(m, src.Addr())
	}
	for _, addr := range addresses6(inner[4:]) {
		a.has(m, addr)
	}
	m.saw(p)
	a.add(m, &Item{Time: at, Proto: DHCP6, Src: src, Dst: dst, From: clone(p.from), Message: clone(b[:min(len(b), maxMessage)])})
}

func isReply6(kind byte) bool { return kind == 2 || kind == 7 || kind == 10 }

// card6 is the hardware address of a client: as its relay tells it, else as its
// link-local address or the frame shows it, else one made of its identifier.
func card6(src netip.Addr, p packet, link net.HardwareAddr, id string) boot.MAC {
	if link == nil && src.IsLinkLocalUnicast() {
		if link = fromEUI64(src); link == nil {
			link = p.from
		}
	}
	if len(link) == 6 {
		return boot.MAC(link)
	}
	sum := sha256.Sum256([]byte(id))
	sum[0] = sum[0]&^1 | 2 // locally administered (IEEE 802)
	return boot.MAC(sum[:6])
}

// fromEUI64 is the hardware address that a link-local address was made of
// (RFC 4291 appendix A), or nil.
func fromEUI64(a netip.Addr) net.HardwareAddr {
	b := a.As16()
	if !a.IsLinkLocalUnicast() || b[11] != 0xff || b[12] != 0xfe {
		return nil
	}
	return net.HardwareAddr{b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]}
}

// Unwrap6 takes off what relays put around a message, and returns the hardware
// address that the relay next to the client tells (RFC 6939), or that shows in the
// address from which it heard the client, if any.
func Unwrap6(b []byte) (inner []byte, link net.HardwareAddr) {
	for range 32 { // HOP_COUNT_LIMIT is 8 (RFC 8415 section 7.6)
		if len(b) < 34 || b[0] != 12 && b[0] != 13 {
			return b, link
		}
		link = fromEUI64(netip.AddrFrom16([16]byte(b[18:])))
		if v := option6(b[34:], 79); len(v) == 8 && v[1] == 1 {
			link = net.HardwareAddr(clone(v[2:]))
		}
		b = option6(b[34:], 9)
	}
	return nil, nil
}

// option6 is the first option of a code, or nil.
func option6(b []byte, code uint16) []byte {
	for len(b) >= 4 {
		size := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+size {
			return nil
		}
		if binary.BigEndian.Uint16(b) == code {
			return b[4 : 4+size]
		}
		b = b[4+size:]
	}
	return nil
}

// addresses6 are the addresses of a reply's associations.
func addresses6(b []byte) []netip.Addr {
	ia := option6(b, 3)
	if len(ia) < 12 {
		return nil
	}
	if v := option6(ia[12:], 5); len(v) >= 16 {
		return []netip.Addr{netip.AddrFrom16([16]byte(v))}
	}
	return nil
}
