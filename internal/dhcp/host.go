package dhcp

import (
	"net"
	"net/netip"
	"slices"
)

// host is an interface with the addresses of the whole host.
type host struct {
	Interface
	local []netip.Addr
}

// localAddrs are the IPv4 addresses of this host.
func localAddrs() []netip.Addr {
	var local []netip.Addr
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // those of the interfaces themselves are known besides
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			local = append(local, p.Addr())
		}
	}
	return local
}

// addressed tells whether a packet to that address is for this host. A router
// also hears what it forwards to other servers.
func (h host) addressed(to netip.Addr) bool {
	if to == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || slices.Contains(h.local, to) {
		return true
	}
	return slices.ContainsFunc(h.Addrs, func(p netip.Prefix) bool {
		return p.Addr() == to || lastOf(p) == to
	})
}

// server is the address of ours that the sender of p should be told.
func (h host) server(p Packet) netip.Addr {
	if slices.Contains(h.local, p.To) {
		return p.To
	}
	if relay := p.Relay(); relay.IsValid() && !h.OnLink(relay) {
		if a := sourceFor(relay); a.IsValid() {
			return a
		}
	}
	client := addrOf(p.Message.ClientIPAddr)
	if relay := p.Relay(); relay.IsValid() {
		client = relay
	}
	return h.ServerFor(client)
}

// sourceFor asks the routes which address of ours is used towards another.
// Connecting a UDP socket sends nothing.
func sourceFor(to netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, ServerPort)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// lastOf is the directed broadcast address of a subnet.
func lastOf(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}
