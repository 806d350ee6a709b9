package nic

import "net/netip"

// AddrFor is the one of an interface's addresses that a client should know: the one whose
// prefix contains the client's address, else the first. It is the zero value for no
// addresses.
func AddrFor(client netip.Addr, own []netip.Prefix) netip.Addr {
	for _, p := range own {
		if p.Contains(client) {
			return p.Addr()
		}
	}
	if len(own) == 0 {
		return netip.Addr{}
	}
	return own[0].Addr()
}
