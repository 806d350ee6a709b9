package nic

import (
	"net"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

// A port of a bridge can't serve, and is told by its bridge's name; one of a VRF can.
func TestUnfitness(t *testing.T) {
	const up = net.FlagUp | net.FlagBroadcast | net.FlagMulticast
	attrs := func(index int, name string, master int, flags net.Flags) netlink.LinkAttrs {
		return netlink.LinkAttrs{Index: index, Name: name, MasterIndex: master, Flags: flags, HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, byte(index)}}
	}
	links := []netlink.Link{
		&netlink.Device{LinkAttrs: attrs(1, "eth0", 4, up)},
		&netlink.Device{LinkAttrs: attrs(2, "eth1", 5, up)},
		&netlink.Device{LinkAttrs: attrs(3, "eth2", 0, net.FlagBroadcast)},
		&netlink.Bridge{LinkAttrs: attrs(4, "br0", 0, up)},
		&netlink.Vrf{LinkAttrs: attrs(5, "red", 0, net.FlagUp)},
		&netlink.Device{LinkAttrs: attrs(6, "lo", 0, net.FlagUp|net.FlagLoopback)},
	}
	want := []string{"is a port of br0", "", "is down: ip link set eth2 up", "", "is no Ethernet", "is the loopback"}
	for i, l := range links {
		got := ""
		if err := unfitness(l, masterOf(l, links), net.FlagBroadcast); err != nil {
			got = err.Error()
		}
		if want[i] == "" && got != "" || !strings.Contains(got, want[i]) {
			t.Errorf("%s: %q, want %q", l.Attrs().Name, got, want[i])
		}
	}
}
