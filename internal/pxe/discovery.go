package pxe

import "github.com/insomniacslk/dhcp/dhcpv4"

// AsksBootServer tells whether a PXE ROM that takes this reply asks a boot server
// on port 4011 before it starts anything: the reply says PXEClient, and doesn't say
// that the boot file is its own.
func AsksBootServer(reply *dhcpv4.DHCPv4) bool {
	if !IsOffer(reply) {
		return false
	}
	control := suboptions(reply.Options[optVendor])[subDiscoveryControl]
	return len(control) != 1 || control[0]&useBootFile == 0
}

// FirstItem is option 43 of a ROM that takes the first item of a reply's menu, or
// nil where there is no menu.
func FirstItem(reply *dhcpv4.DHCPv4) []byte {
	menu := suboptions(reply.Options[optVendor])[subMenu]
	if len(menu) < 2 {
		return nil
	}
	return []byte{subBootItem, 4, menu[0], menu[1], 0, 0, subEnd}
}
