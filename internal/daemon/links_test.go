package daemon

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/dhcp"
)

// linkOf is an interface with addresses.
func linkOf(index int, name string, prefixes ...string) dhcp.Interface {
	i := dhcp.Interface{Index: index, Name: name}
	for _, p := range prefixes {
		i.Addrs = append(i.Addrs, netip.MustParsePrefix(p))
	}
	return i
}

// Each change of an interface is a line.
func TestInterfaceChangesAreTold(t *testing.T) {
	i := linkOf(3, "eth0", "10.0.0.1/24")
	for want, c := range map[string]dhcp.Change{
		"Spur serves eth0 10.0.0.1/24 now.\n":                                          {Kind: dhcp.Came, Interface: i},
		"Spur serves eth0 10.0.0.1/24 now: it was removed and made again.\n":           {Kind: dhcp.Remade, Interface: i},
		"Spur serves eth0 10.0.0.1/24 now: its addresses have changed.\n":              {Kind: dhcp.Readdressed, Interface: i},
		"warning: interface eth0 is gone; Spur goes on when it is back\n":              {Kind: dhcp.Went, Interface: i},
		"warning: interface eth0 is down: ip link set; Spur goes on when it is back\n": {Kind: dhcp.Went, Interface: i, Reason: errors.New("interface eth0 is down: ip link set")},
	} {
		var out strings.Builder
		newNotices(Config{Out: &out}).interfaceChanged(c)
		if out.String() != want {
			t.Errorf("told %q, want %q", out.String(), want)
		}
	}
}

// What to enter into somebody's DHCP server is said for each network.
func TestPointersOfEachNetwork(t *testing.T) {
	all := []dhcp.Interface{linkOf(3, "eth0", "10.0.0.1/24", "10.0.0.2/24", "10.1.0.1/24"), linkOf(4, "eth1", "10.2.0.1/24")}
	for want, chosen := range map[string][]netip.Addr{
		"10.0.0.1/24 10.1.0.1/24 10.2.0.1/24": nil,
		"10.1.0.1/24":                         {netip.MustParseAddr("10.1.0.1")},
		"10.9.0.1/0":                          {netip.MustParseAddr("10.9.0.1")},
	} {
		var got []string
		for _, p := range serverAddrs(Config{ServerAddrs: chosen}, all) {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("chosen %v: %v, want %s", chosen, got, want)
		}
	}
}

func TestServerAddressOfAnotherHost(t *testing.T) {
	c := Config{ServerAddrs: []netip.Addr{netip.MustParseAddr("203.0.113.9")}}
	if err := c.checkServerAddrs(); err == nil || !strings.Contains(err.Error(), "--server-address 203.0.113.9 is no address of this host") {
		t.Errorf("got %v", err)
	}
}
