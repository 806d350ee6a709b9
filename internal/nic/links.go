package nic

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
)

// Links has take look, in the kernel's order, at the named interfaces, or, without names,
// at all, that machines can be heard over; they must be able to do what needs says. unfit
// says why the others that are there can't, or what take says. One that isn't there is no
// error.
func Links(names []string, needs net.Flags, take func(netlink.Link) error) (unfit map[string]error, err error) {
	unfit = map[string]error{}
	all, err := netlink.LinkList()
	// A list that was interrupted by a change is followed by another look.
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return unfit, fmt.Errorf("list network interfaces: %w", err)
	}
	for _, l := range all {
		name := l.Attrs().Name
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		why := unfitness(l, masterOf(l, all), needs)
		if why == nil {
			why = take(l)
		}
		if why != nil {
			unfit[name] = why
		}
	}
	return unfit, nil
}

// unfitness says why machines can't be heard over an interface. master takes its frames,
// where it is a port.
func unfitness(l netlink.Link, master string, needs net.Flags) error {
	a := l.Attrs()
	switch {
	case a.Flags&net.FlagLoopback != 0:
		return fmt.Errorf("interface %s is the loopback: no machine can boot from it", a.Name)
	case a.Flags&needs != needs || len(a.HardwareAddr) != 6:
		return fmt.Errorf("interface %s is no Ethernet: machines can't netboot over it", a.Name)
	case a.Flags&net.FlagUp == 0:
		return fmt.Errorf("interface %s is down: ip link set %s up", a.Name, a.Name)
	case master != "":
		return fmt.Errorf("interface %s is a port of %s, which gets all that it hears: name %s", a.Name, master, master)
	}
	return nil
}

// masterOf names the bridge or bond that an interface is a port of, or is empty. A
// port hands what it receives to its master before a packet socket for IPv4, or its own
// IPv6, sees it: listening on it would be silence. A VRF leaves frames to its ports.
func masterOf(l netlink.Link, links []netlink.Link) string {
	for _, m := range links {
		takes := slices.Contains([]string{"bridge", "bond", "team", "openvswitch"}, m.Type())
		if takes && m.Attrs().Index == l.Attrs().MasterIndex {
			return m.Attrs().Name
		}
	}
	return ""
}
