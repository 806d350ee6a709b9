package dhcp

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// refresh is how long a look at the interfaces is believed. Addresses change
// while a server runs: the host may be a DHCP client itself.
const refresh = 2 * time.Second

// view is what is known of one interface and of the host's addresses, looked
// up again at most every refresh. An interface that has lost its addresses
// keeps those that it had: it may be about to get them again.
type view struct {
	name  string
	index int
	mu    sync.Mutex
	at    time.Time
	host  host
}

// host is an interface with the addresses of the whole host.
type host struct {
	Interface
	local []netip.Addr
}

func newView(i Interface) *view {
	return &view{name: i.Name, index: i.Index, host: host{Interface: i}}
}

func (v *view) get(now time.Time) host {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.at) >= refresh {
		v.at = now
		v.host = lookAgain(v.host)
	}
	return v.host
}

func lookAgain(h host) host {
	if ifi, err := net.InterfaceByIndex(h.Index); err == nil {
		if addrs, err := addresses(*ifi); err == nil && len(addrs) > 0 {
			h.Addrs = addrs
		}
		if len(ifi.HardwareAddr) == 6 {
			h.MAC = ifi.HardwareAddr
		}
	}
	if all, err := net.InterfaceAddrs(); err == nil {
		h.local = nil
		for _, a := range all {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				h.local = append(h.local, p.Addr())
			}
		}
	}
	return h
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
