package identify

import (
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
)

// Request6 is a request that a client like this one would send over IPv6.
func Request6(c boot.Client, kind dhcpv6.MessageType) dhcp6.Packet {
	m := &dhcpv6.Message{MessageType: kind}
	m.AddOption(dhcpv6.OptClientID(&dhcpv6.DUIDUUID{UUID: c.UUID}))
	if kind != dhcpv6.MessageTypeInformationRequest {
		m.AddOption(&dhcpv6.OptIANA{})
	}
	class := dhcp6.PXEClient
	if c.Proto == boot.HTTP {
		class = dhcp6.HTTPClient
	}
	m.AddOption(dhcpv6.OptClientArchType(iana.Arch(ArchOf(c))))
	m.AddOption(&dhcpv6.OptVendorClass{EnterpriseNumber: 343, Data: [][]byte{[]byte(class)}})
	if c.Loader == boot.IPXE {
		m.AddOption(&dhcpv6.OptUserClass{UserClasses: [][]byte{[]byte("iPXE")}})
	}
	return dhcp6.Packet{
		Message: m, Port: dhcp6.ServerPort, Server: c.Server, From: netip.AddrPortFrom(netip.MustParseAddr("fe80::1"), dhcp6.ClientPort),
		Card: net.HardwareAddr(c.MAC[:]), Interface: dhcp6.Interface{Addrs: []netip.Prefix{netip.PrefixFrom(c.Server, 64)}}, Time: time.Now(),
	}
}
