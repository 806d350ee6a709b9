package dhcp

import (
	"testing"

	"github.com/vishvananda/netlink"
)

// The kernel of a test machine may have no VLANs, so that these links are made up.
func TestMastersAndVLANs(t *testing.T) {
	attrs := func(index int, name string, master int) netlink.LinkAttrs {
		return netlink.LinkAttrs{Index: index, Name: name, MasterIndex: master}
	}
	links := []netlink.Link{
		&netlink.Device{LinkAttrs: attrs(1, "eth0", 4)},
		&netlink.Vlan{LinkAttrs: attrs(2, "eth0.7", 0), VlanId: 7},
		&netlink.Device{LinkAttrs: attrs(3, "eth1", 5)},
		&netlink.Bridge{LinkAttrs: attrs(4, "br0", 0)},
		&netlink.Vrf{LinkAttrs: attrs(5, "red", 0)},
	}
	for i, l := range links {
		master, vlan := "", uint16(0)
		switch i {
		case 0:
			master = "br0"
		case 1:
			vlan = 7
		}
		if got := masterOf(l, links); got != master {
			t.Errorf("%s is a port of %q, want %q: a VRF leaves frames to its ports", l.Attrs().Name, got, master)
		}
		if got := vlanOf(l); got != vlan {
			t.Errorf("%s has VLAN %d, want %d", l.Attrs().Name, got, vlan)
		}
	}
}
