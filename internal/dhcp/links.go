package dhcp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
)

// linkFacts is what the kernel tells of interfaces beyond net.Interface, by
// their index.
type linkFacts struct {
	// ports names the bridge or bond that an interface is a port of. A port hands
	// what it receives to its master before a packet socket for IPv4 sees it:
	// listening on it would be silence.
	ports map[int]string
	// vlans has the VLAN of an interface that is one (IEEE 802.1Q).
	vlans map[int]uint16
}

func readLinks() (linkFacts, error) {
	links, err := netlink.LinkList()
	// A list that was interrupted by a change is followed by another look.
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return linkFacts{}, fmt.Errorf("ask which interfaces are ports or VLANs: %w", err)
	}
	return factsOf(links), nil
}

func factsOf(links []netlink.Link) linkFacts {
	f := linkFacts{ports: map[int]string{}, vlans: map[int]uint16{}}
	masters := map[int]string{}
	for _, l := range links {
		if takesPortFrames(l.Type()) {
			masters[l.Attrs().Index] = l.Attrs().Name
		}
	}
	for _, l := range links {
		if master, ok := masters[l.Attrs().MasterIndex]; ok {
			f.ports[l.Attrs().Index] = master
		}
		if vlan, ok := l.(*netlink.Vlan); ok {
			f.vlans[l.Attrs().Index] = uint16(vlan.VlanId)
		}
	}
	return f
}

// takesPortFrames tells whether a master of this kind takes its ports' frames.
// A VRF doesn't.
func takesPortFrames(kind string) bool {
	return slices.Contains([]string{"bridge", "bond", "team", "openvswitch"}, kind)
}
