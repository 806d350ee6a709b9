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
	group netip.Addr // a multicast group that is heard; the zero value for none
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
	if to == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || slices.Contains(h.local, to) || h.group.IsValid() && to == h.group {
		return true
	}
	return slices.ContainsFunc(h.Addrs, func(p netip.Prefix) bool {
		return p.Addr() == to || lastOf(p) == to
	})
}

// withServer says which address of ours the sender of p is told: one that it
// can reach, by what it asks and what is known of its network. Chosen are those
// that the operator wants to be told; neighbour is an address of the network
// that clients on this wire were last seen to have addresses of, for one of
// which nothing is known.
func (h host) withServer(p Packet, chosen []netip.Addr, heard, neighbour netip.Addr) Packet {
	id := addrOf(p.Message.ServerIdentifier())
	client, known := h.clientAddr(p, heard)
	p.Settled = true
	switch {
	case !p.Relay().IsValid() && slices.Contains(h.local, p.To):
		p.Server = p.To
	case slices.Contains(h.local, id):
		p.Server = id
	case len(chosen) > 0:
		p.Server = h.chosenServer(chosen, client)
	case p.Relay().IsValid():
		p.Server = h.forRelay(p)
	case known:
		p.Server, p.Settled = h.ServerFor(client), false
	default:
		p.Server, p.Settled, p.guessed = h.ServerFor(neighbour), false, h.Networks() > 1
	}
	return p
}

// clientAddr is the best known address on the client's network; known tells
// that it is on this wire: its own, the one that it wants back or was offered.
func (h host) clientAddr(p Packet, heard netip.Addr) (addr netip.Addr, known bool) {
	relay := p.Relay()
	if relay.IsValid() {
		if link := linkSelection(p.Message); link.IsValid() {
			relay = link
		}
		return relay, h.OnLink(relay)
	}
	for _, a := range []netip.Addr{addrOf(p.Message.ClientIPAddr), addrOf(p.Message.RequestedIPAddress()), heard} {
		if a.IsValid() && h.OnLink(a) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// chosenServer finds, among the addresses that the operator chose, the one on
// the client's network, else one of this interface, else the first.
func (h host) chosenServer(chosen []netip.Addr, client netip.Addr) netip.Addr {
	if near := h.ServerFor(client); client.IsValid() && h.OnLink(client) && slices.Contains(chosen, near) {
		return near
	}
	for _, a := range chosen {
		if slices.ContainsFunc(h.Addrs, func(p netip.Prefix) bool { return p.Addr() == a }) {
			return a
		}
	}
	return chosen[0]
}

// forRelay is for a client behind a relay: an address on its network, where
// we have one, else the one that the relay sends to, else by the routes.
func (h host) forRelay(p Packet) netip.Addr {
	client, onLink := h.clientAddr(p, netip.Addr{})
	if onLink {
		return h.ServerFor(client)
	}
	if slices.Contains(h.local, p.To) {
		return p.To
	}
	if a := sourceFor(p.Relay()); a.IsValid() {
		return a
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
