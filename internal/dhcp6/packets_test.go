package dhcp6_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/dhcp6"
)

var (
	noon     = time.Unix(1e9, 0)
	serverID = dhcp6.ServerID([]byte("a key"))
	card     = net.HardwareAddr{0x52, 0x54, 0, 0x77, 0, 1}
)

// duid is a client's identifier; machines differ in n.
func duid(n byte) dhcpv6.DUID {
	return &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: net.HardwareAddr{2, 0, 0, 0, 0, n}}
}

// message is a client's, with further options.
func message(kind dhcpv6.MessageType, n byte, options ...dhcpv6.Option) *dhcpv6.Message {
	m := &dhcpv6.Message{MessageType: kind, TransactionID: dhcpv6.TransactionID{1, 2, 3}}
	m.AddOption(dhcpv6.OptClientID(duid(n)))
	for _, o := range options {
		m.AddOption(o)
	}
	return m
}

// association asks for an address, or names some.
func association(id byte, addrs ...string) *dhcpv6.OptIANA {
	o := &dhcpv6.OptIANA{IaId: [4]byte{0, 0, 0, id}}
	for _, a := range addrs {
		o.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP(a)})
	}
	return o
}

func toUs() dhcpv6.Option { return dhcpv6.OptServerID(serverID) }

func vendorClass(enterprise uint32, s string) dhcpv6.Option {
	return &dhcpv6.OptVendorClass{EnterpriseNumber: enterprise, Data: [][]byte{[]byte(s)}}
}

// firmware are the options with which edk2's boot drivers ask.
func firmware(class string, arch iana.Arch) []dhcpv6.Option {
	return []dhcpv6.Option{
		dhcpv6.OptRequestedOption(59, 60, 23, 16), dhcpv6.OptClientArchType(arch), vendorClass(343, class),
	}
}

// heard is a message as it came in on our wire.
func heard(m *dhcpv6.Message) dhcp6.Packet {
	return dhcp6.Packet{
		Message: m, Port: dhcp6.ServerPort, Time: noon,
		From: netip.MustParseAddrPort("[fe80::5054:ff:fe77:1]:546"), To: netip.MustParseAddr("ff02::1:2"),
		Server: netip.MustParseAddr("fd77::1"),
		Interface: dhcp6.Interface{
			Index: 2, Name: "eth0", LinkLocal: netip.MustParseAddr("fe80::1"),
			Addrs: []netip.Prefix{netip.MustParsePrefix("fd77::1/64")},
		},
	}
}

// given are the addresses of a reply that can be used, and the status codes of
// its associations.
func given(t testing.TB, m *dhcpv6.Message) (addrs []string, codes []iana.StatusCode) {
	t.Helper()
	if m == nil {
		t.Fatal("no reply")
	}
	for _, ia := range m.Options.IANA() {
		if s := ia.Options.Status(); s != nil {
			codes = append(codes, s.StatusCode)
		}
		for _, a := range ia.Options.Addresses() {
			if a.ValidLifetime > 0 {
				addrs = append(addrs, a.IPv6Addr.String())
			}
		}
	}
	return addrs, codes
}
