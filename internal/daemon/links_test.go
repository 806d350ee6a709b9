package daemon

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/timeline"
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

// A machine that takes an address on a network where it was told no address of
// ours isn't held to be behind a firewall.
func TestVerdictOfAMachineElsewhere(t *testing.T) {
	o, _ := newOffers(t, resolver.Static{Payload: kernel()})
	c := machine(1, boot.BIOS, boot.ROM)
	two := func(p dhcp.Packet) dhcp.Packet {
		p.Interface = linkOf(3, "eth0", "10.0.0.1/24", "10.1.0.1/24")
		return p
	}
	o.handle(t.Context(), two(packetOf(c)))
	o.wait()
	o.handle(t.Context(), two(packetOf(c, dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress([]byte{10, 1, 0, 50})),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier([]byte{10, 1, 0, 2})))))
	o.wait()
	attempts := o.events.Attempts(c.MAC)
	v, ok := timeline.Judge(attempts[0], time.Now().Add(time.Hour))
	if !ok || !strings.Contains(v.Hint, "--server-address 10.1.0.1") || strings.Contains(v.Likely+v.Hint, "firewall") {
		t.Errorf("the verdict is %+v", v)
	}
}
