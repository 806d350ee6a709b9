package dhcp

import (
	"testing"

	"github.com/vishvananda/netlink"
)

// The kernel of a test machine may have no VLANs, so that these links are made up.
func TestVLANs(t *testing.T) {
	for want, l := range map[uint16]netlink.Link{
		7: &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: "eth0.7"}, VlanId: 7},
		0: &netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}},
	} {
		if got := vlanOf(l); got != want {
			t.Errorf("%s has VLAN %d, want %d", l.Attrs().Name, got, want)
		}
	}
}
