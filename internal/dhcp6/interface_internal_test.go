package dhcp6

import (
	"fmt"
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An address that somebody gave the interface comes before one that the kernel
// made of a router's advertisement, although the kernel lists that first.
func TestLastingAddressesFirst(t *testing.T) {
	addr := func(ip string, flags int) netlink.Addr {
		return netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(ip), Mask: net.CIDRMask(64, 128)}, Flags: flags}
	}
	var i Interface
	i.take([]netlink.Addr{
		addr("fd77::8093:deff:feff:46fc", 0), addr("fd77::1", unix.IFA_F_PERMANENT), addr("fd77::2", unix.IFA_F_PERMANENT),
		addr("fd77::3", unix.IFA_F_PERMANENT|unix.IFA_F_TENTATIVE), addr("fe80::1", unix.IFA_F_PERMANENT),
	})
	if got, want := fmt.Sprint(i.Addrs, i.LinkLocal), "[fd77::1/64 fd77::2/64 fd77::8093:deff:feff:46fc/64] fe80::1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
