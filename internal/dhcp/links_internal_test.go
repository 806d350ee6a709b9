package dhcp

import (
	"testing"

	"github.com/vishvananda/netlink"
)

// The kernel of a test machine may have no VLANs, so that these links are made up.
func TestFactsOfLinks(t *testing.T) {
	attrs := func(index int, name string, master int) netlink.LinkAttrs {
		return netlink.LinkAttrs{Index: index, Name: name, MasterIndex: master}
	}
	f := factsOf([]netlink.Link{
		&netlink.Device{LinkAttrs: attrs(1, "eth0", 4)},
		&netlink.Vlan{LinkAttrs: attrs(2, "eth0.7", 0), VlanId: 7},
		&netlink.Device{LinkAttrs: attrs(3, "eth1", 5)},
		&netlink.Bridge{LinkAttrs: attrs(4, "br0", 0)},
		&netlink.Vrf{LinkAttrs: attrs(5, "red", 0)},
	})
	if len(f.ports) != 1 || f.ports[1] != "br0" {
		t.Errorf("ports %v, want eth0 of br0: a VRF leaves frames to its ports", f.ports)
	}
	if len(f.vlans) != 1 || f.vlans[2] != 7 {
		t.Errorf("VLANs %v, want 7 of eth0.7", f.vlans)
	}
}
