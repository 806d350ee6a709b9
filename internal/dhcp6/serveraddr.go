package dhcp6

import (
	"net"
	"net/netip"
	"slices"
)

// serverFor says which address of ours the sender of p is told. Chosen are
// those that the operator wants to be told; of several the one on the client's
// network, else the first.
func serverFor(p Packet, chosen []netip.Addr) netip.Addr {
	near := p.Interface.ServerFor(p.Link())
	switch {
	case len(chosen) > 0 && !slices.Contains(chosen, near):
		return chosen[0]
	case len(chosen) > 0:
		return near
	case p.To.IsValid() && !p.To.IsMulticast() && !p.To.IsLinkLocalUnicast():
		return p.To
	case p.Relay().IsValid() && !near.IsValid():
		return sourceFor(p.Relay())
	}
	return near
}

// sourceFor asks the routes which address of ours is used towards another.
// Connecting a UDP socket sends nothing.
func sourceFor(to netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp6", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, ServerPort)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	if a := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr(); !a.IsLinkLocalUnicast() {
		return a
	}
	return netip.Addr{}
}
