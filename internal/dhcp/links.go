package dhcp

import (
	"slices"

	"github.com/vishvananda/netlink"
)

// masterOf names the bridge or bond that an interface is a port of, or is empty. A
// port hands what it receives to its master before a packet socket for IPv4 sees
// it: listening on it would be silence. A VRF leaves frames to its ports.
func masterOf(l netlink.Link, links []netlink.Link) string {
	for _, m := range links {
		takes := slices.Contains([]string{"bridge", "bond", "team", "openvswitch"}, m.Type())
		if takes && m.Attrs().Index == l.Attrs().MasterIndex {
			return m.Attrs().Name
		}
	}
	return ""
}

// vlanOf is the VLAN of an interface that is one (IEEE 802.1Q), else 0.
func vlanOf(l netlink.Link) uint16 {
	if vlan, ok := l.(*netlink.Vlan); ok {
		return uint16(vlan.VlanId)
	}
	return 0
}
