package dhcp6

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/nic"
)

// Interface is a network interface that serves clients, as it was when it was
// looked at.
type Interface struct {
	Index int
	Name  string
	MAC   net.HardwareAddr
	// LinkLocal is where replies to clients on the wire come from.
	LinkLocal netip.Addr
	// Addrs are the other IPv6 addresses with their prefix: first those that
	// somebody gave the interface, then those that it has for a time, in the
	// kernel's order; without those that are not usable yet, that are about to go, or that
	// change for privacy's sake.
	Addrs []netip.Prefix
}

// ServerFor is the address of ours that a client on the network of the given
// address should know, as nic.AddrFor says.
func (i Interface) ServerFor(client netip.Addr) netip.Addr { return nic.AddrFor(client, i.Addrs) }

// zone names the interface in an address. Its index is taken, because package
// net remembers which index a name had for up to a minute, and an interface that
// is made again has another one.
func (i Interface) zone() string { return strconv.Itoa(i.Index) }

// Survey is what one look at the host's interfaces shows.
type Survey struct {
	// Serving are the interfaces that can serve clients, in the kernel's order.
	Serving []Interface
	// Reasons say, by name, why another one that is there can't.
	Reasons map[string]error
}

// Look looks at the named interfaces, or, without names, at all. One that is
// not there, or can't serve, is no error.
func Look(names []string) (s Survey, err error) {
	s.Reasons, err = nic.Links(names, net.FlagMulticast, func(l netlink.Link) error {
		one, why := look(l)
		if why == nil {
			s.Serving = append(s.Serving, one)
		}
		return why
	})
	return s, err
}

// look checks that an interface can serve clients.
func look(l netlink.Link) (Interface, error) {
	a := l.Attrs()
	i := Interface{Index: a.Index, Name: a.Name, MAC: a.HardwareAddr}
	list, err := netlink.AddrList(l, netlink.FAMILY_V6)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return Interface{}, fmt.Errorf("list the addresses of %s: %w", a.Name, err)
	}
	i.take(list)
	if !i.LinkLocal.IsValid() {
		return Interface{}, fmt.Errorf("interface %s has no link-local address: sysctl net.ipv6.conf.%s.disable_ipv6=0", a.Name, a.Name)
	}
	return i, nil
}

// unusable are the flags of addresses that no client should be told.
const unusable = unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED | unix.IFA_F_DEPRECATED | unix.IFA_F_TEMPORARY

func (i *Interface) take(list []netlink.Addr) {
	lasting := func(a netlink.Addr) int { return -(a.Flags & unix.IFA_F_PERMANENT) }
	slices.SortStableFunc(list, func(a, b netlink.Addr) int { return cmp.Compare(lasting(a), lasting(b)) })
	for _, a := range list {
		addr, ok := netip.AddrFromSlice(a.IP)
		if !ok || !addr.Is6() || a.Flags&unusable != 0 {
			continue
		}
		bits, _ := a.Mask.Size()
		switch {
		case !addr.IsLinkLocalUnicast():
			i.Addrs = append(i.Addrs, netip.PrefixFrom(addr, bits))
		case !i.LinkLocal.IsValid():
			i.LinkLocal = addr
		}
	}
}
