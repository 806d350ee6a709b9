package dhcp

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/spurboot/spur/internal/nic"
)

// Interface is a network interface that serves clients, as it was when it was
// looked at.
type Interface struct {
	Index int
	Name  string
	MAC   net.HardwareAddr
	VLAN  uint16 // of an interface that is one (IEEE 802.1Q); else 0
	// Addrs are the interface's IPv4 addresses with their prefix, in the
	// kernel's order: the primary address comes first.
	Addrs []netip.Prefix
}

// ServerFor is the address of ours that a client at the given address should
// know, as nic.AddrFor says. The client's address may be the zero value.
func (i Interface) ServerFor(client netip.Addr) netip.Addr { return nic.AddrFor(client, i.Addrs) }

// OnLink tells whether addr is on the wire of this interface.
func (i Interface) OnLink(addr netip.Addr) bool {
	return slices.ContainsFunc(i.Addrs, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Networks counts the networks that the interface is on.
func (i Interface) Networks() int {
	all := map[netip.Prefix]bool{}
	for _, p := range i.Addrs {
		all[p.Masked()] = true
	}
	return len(all)
}

// Interfaces looks up the named interfaces, or, without names, all that can
// serve clients: up, with a broadcast address, no loopback, with an IPv4
// address. An interface that is named and can't serve is an error that says
// why.
func Interfaces(names []string) ([]Interface, error) {
	s, err := Look(names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, serves := s.named(name); serves {
			continue
		}
		if why := s.Reasons[name]; why != nil {
			return nil, why
		}
		return nil, fmt.Errorf("no interface %q; there is %s", name, interfaceNames())
	}
	if len(s.Serving) == 0 {
		var reasons []error
		for _, name := range slices.Sorted(maps.Keys(s.Reasons)) {
			reasons = append(reasons, s.Reasons[name])
		}
		return nil, fmt.Errorf("no interface can serve clients: %w", errors.Join(reasons...))
	}
	return s.Serving, nil
}

// NoAddressError is that an interface has no IPv4 address.
type NoAddressError struct{ Interface string }

func (n NoAddressError) Error() string {
	return fmt.Sprintf("interface %s has no IPv4 address: give it one: ip addr add 192.168.77.1/24 dev %s", n.Interface, n.Interface)
}

// look checks that an interface can serve clients.
func look(l netlink.Link) (Interface, error) {
	a := l.Attrs()
	addrs, err := addresses(net.Interface{Index: a.Index, Name: a.Name})
	if err != nil {
		return Interface{}, err
	}
	if len(addrs) == 0 {
		return Interface{}, NoAddressError{a.Name}
	}
	return Interface{Index: a.Index, Name: a.Name, MAC: a.HardwareAddr, VLAN: vlanOf(l), Addrs: addrs}, nil
}

func addresses(ifi net.Interface) ([]netip.Prefix, error) {
	list, err := ifi.Addrs()
	if err != nil {
		return nil, fmt.Errorf("list the addresses of %s: %w", ifi.Name, err)
	}
	var v4 []netip.Prefix
	for _, a := range list {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() {
			v4 = append(v4, p)
		}
	}
	return v4, nil
}

func interfaceNames() string {
	all, _ := net.Interfaces() // only to be helpful
	names := make([]string, len(all))
	for i, ifi := range all {
		names[i] = ifi.Name
	}
	return strings.Join(names, ", ")
}
