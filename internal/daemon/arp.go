package daemon

import (
	"net/netip"

	"github.com/vishvananda/netlink"

	"github.com/spurboot/spur/internal/boot"
)

// neighbour finds the machine on our wire that has an address, in the
// kernel's neighbour table. It is asked only for files without a sealed name,
// when somebody else's DHCP server sent the machine here.
func neighbour(addr netip.Addr) (boot.MAC, bool) {
	family := netlink.FAMILY_V4
	if addr.Is6() {
		family = netlink.FAMILY_V6
	}
	entries, err := netlink.NeighList(0, family)
	if err != nil {
		return boot.MAC{}, false
	}
	for _, n := range entries {
		ip, ok := netip.AddrFromSlice(n.IP)
		if ok && ip.Unmap() == addr.Unmap().WithZone("") && len(n.HardwareAddr) == 6 {
			return boot.MAC(n.HardwareAddr), true
		}
	}
	return boot.MAC{}, false
}

// router finds the next hop to an address that is not on our wire.
func router(addr netip.Addr) (netip.Addr, bool) {
	routes, err := netlink.RouteGet(addr.WithZone("").AsSlice())
	if err != nil || len(routes) == 0 {
		return netip.Addr{}, false
	}
	next, ok := netip.AddrFromSlice(routes[0].Gw)
	return next.Unmap(), ok
}
