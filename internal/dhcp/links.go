package dhcp

import "github.com/vishvananda/netlink"

// vlanOf is the VLAN of an interface that is one (IEEE 802.1Q), else 0.
func vlanOf(l netlink.Link) uint16 {
	if vlan, ok := l.(*netlink.Vlan); ok {
		return uint16(vlan.VlanId)
	}
	return 0
}
