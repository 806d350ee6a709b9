package dhcp_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/dhcp"
)

var (
	clientMAC = net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	senderMAC = net.HardwareAddr{2, 0, 0, 0, 0, 9}
	ourAddr   = netip.MustParseAddr("192.0.2.1")
	wire      = dhcp.Interface{Index: 3, Name: "eth9", MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}}
)

// ask is a broadcast request as it comes in on the wire.
func ask(kind dhcpv4.MessageType, change ...func(*dhcp.Packet)) dhcp.Packet {
	p := dhcp.Packet{
		Message: &dhcpv4.DHCPv4{
			OpCode: dhcpv4.OpcodeBootRequest, HWType: iana.HWTypeEthernet, ClientHWAddr: clientMAC,
			ClientIPAddr: net.IPv4zero, GatewayIPAddr: net.IPv4zero, Options: dhcpv4.Options{53: {byte(kind)}},
		},
		Interface: wire, Port: dhcp.ServerPort, From: netip.MustParseAddrPort("0.0.0.0:68"), FromMAC: senderMAC,
		To: netip.MustParseAddr("255.255.255.255"), Server: ourAddr,
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func ip4(s string) net.IP { return net.ParseIP(s).To4() }

func giaddr(s string) func(*dhcp.Packet) {
	return func(p *dhcp.Packet) { p.Message.GatewayIPAddr = ip4(s) }
}

func ciaddr(s string) func(*dhcp.Packet) {
	return func(p *dhcp.Packet) { p.Message.ClientIPAddr = ip4(s) }
}

func from(s string) func(*dhcp.Packet) {
	return func(p *dhcp.Packet) { p.From = netip.MustParseAddrPort(s) }
}

func replyTo(s string) func(*dhcp.Packet) {
	return func(p *dhcp.Packet) { p.ReplyTo = netip.MustParseAddrPort(s) }
}

func option(code uint8, v ...byte) func(*dhcp.Packet) {
	return func(p *dhcp.Packet) { p.Message.Options[code] = v }
}

func flagged(p *dhcp.Packet)    { p.Message.SetBroadcast() }
func bootPort(p *dhcp.Packet)   { p.Port = dhcp.BootPort }
func guidAsMAC(p *dhcp.Packet)  { p.Message.ClientHWAddr = make([]byte, 16) }
func toUs(p *dhcp.Packet)       { p.To = ourAddr }
func noFrameMAC(p *dhcp.Packet) { p.FromMAC = nil }
func reserved(p *dhcp.Packet)   { p.Message.Flags = 0x0001 }
func elsewhere(p *dhcp.Packet) {
	p.Interface.Addrs = []netip.Prefix{netip.MustParsePrefix("203.0.113.1/24")}
}
func answering(kind dhcpv4.MessageType, yiaddr string) *dhcpv4.DHCPv4 {
	return &dhcpv4.DHCPv4{YourIPAddr: ip4(yiaddr), Options: dhcpv4.Options{53: {byte(kind)}}}
}

func TestDestination(t *testing.T) {
	const all, none = "ff:ff:ff:ff:ff:ff", ""
	discover, request, inform := dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeRequest, dhcpv4.MessageTypeInform
	offer, ack := answering(dhcpv4.MessageTypeOffer, "192.0.2.50"), answering(dhcpv4.MessageTypeAck, "192.0.2.50")
	proxy, nak := answering(dhcpv4.MessageTypeOffer, "0.0.0.0"), answering(dhcpv4.MessageTypeNak, "0.0.0.0")
	for name, c := range map[string]struct {
		req   dhcp.Packet
		reply *dhcpv4.DHCPv4
		src   uint16
		dst   string
		mac   string
	}{
		"no address yet":             {ask(discover), offer, 67, "192.0.2.50:68", clientMAC.String()},
		"reserved flags don't count": {ask(discover, reserved), offer, 67, "192.0.2.50:68", clientMAC.String()},
		"broadcast flag":             {ask(discover, flagged), offer, 67, "255.255.255.255:68", all},
		"UUID for a MAC":             {ask(discover, guidAsMAC), offer, 67, "255.255.255.255:68", all},
		"proxy offer":                {ask(discover), proxy, 67, "255.255.255.255:68", all},
		"relayed":                    {ask(discover, giaddr("198.51.100.1")), offer, 67, "198.51.100.1:67", none},
		"relayed proxy offer":        {ask(discover, giaddr("198.51.100.1"), flagged), proxy, 67, "198.51.100.1:67", none},
		"relayed NAK":                {ask(request, giaddr("198.51.100.1")), nak, 67, "198.51.100.1:67", none},
		"relayed to 4011":            {ask(request, giaddr("198.51.100.1"), bootPort), proxy, 67, "198.51.100.1:67", none},
		"relay before ciaddr":        {ask(request, giaddr("198.51.100.1"), ciaddr("198.51.100.7")), ack, 67, "198.51.100.1:67", none},
		"renewing":                   {ask(request, ciaddr("192.0.2.50"), toUs), ack, 67, "192.0.2.50:68", senderMAC.String()},
		"renewing from afar":         {ask(request, ciaddr("198.51.100.7"), toUs), ack, 67, "198.51.100.7:68", none},
		"renewing, flagged":          {ask(request, ciaddr("192.0.2.50"), flagged), ack, 67, "192.0.2.50:68", senderMAC.String()},
		"NAK":                        {ask(request, ciaddr("192.0.2.50")), nak, 67, "255.255.255.255:68", all},
		"inform":                     {ask(inform, ciaddr("192.0.2.60")), proxy, 67, "192.0.2.60:68", senderMAC.String()},
		"inform without ciaddr":      {ask(inform, from("192.0.2.60:68")), proxy, 67, "192.0.2.60:68", senderMAC.String()},
		"said by the request":        {ask(inform, ciaddr("192.0.2.60"), replyTo("192.0.2.60:1002")), proxy, 67, "192.0.2.60:1002", senderMAC.String()},
		"said, relayed":              {ask(inform, giaddr("198.51.100.1"), replyTo("198.51.100.7:68")), proxy, 67, "198.51.100.7:68", none},
		"4011 by edk2":               {ask(request, bootPort, ciaddr("192.0.2.50"), from("192.0.2.50:4011"), toUs), proxy, 4011, "192.0.2.50:4011", senderMAC.String()},
		"4011 by iPXE":               {ask(request, bootPort, ciaddr("192.0.2.50"), from("192.0.2.50:68"), toUs), proxy, 4011, "192.0.2.50:68", senderMAC.String()},
		"4011 from afar":             {ask(request, bootPort, from("198.51.100.7:68"), toUs), proxy, 4011, "198.51.100.7:68", none},
		"4011 by broadcast":          {ask(discover, bootPort), proxy, 4011, "255.255.255.255:68", all},
		"4011, ciaddr only":          {ask(request, bootPort, ciaddr("192.0.2.50")), proxy, 4011, "192.0.2.50:68", senderMAC.String()},
		"no frame address":           {ask(request, ciaddr("192.0.2.50"), noFrameMAC), ack, 67, "192.0.2.50:68", none},
		"another subnet on the wire": {ask(request, ciaddr("192.0.2.50"), elsewhere), ack, 67, "192.0.2.50:68", none},
	} {
		t.Run(name, func(t *testing.T) {
			got := dhcp.Destination(c.req, c.reply)
			if got.Dst.String() != c.dst || got.MAC.String() != c.mac || got.Src != netip.AddrPortFrom(ourAddr, c.src) {
				t.Errorf("got %v, want %s at %q from port %d", got, c.dst, c.mac, c.src)
			}
		})
	}
}

func TestServerFor(t *testing.T) {
	i := dhcp.Interface{Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("198.51.100.1/24")}}
	for client, want := range map[string]string{"198.51.100.9": "198.51.100.1", "192.0.2.9": "192.0.2.1", "203.0.113.1": "192.0.2.1"} {
		if got := i.ServerFor(netip.MustParseAddr(client)); got.String() != want {
			t.Errorf("%s: %s, want %s", client, got, want)
		}
	}
	if got := i.ServerFor(netip.Addr{}); got.String() != "192.0.2.1" {
		t.Errorf("unknown: %s", got)
	}
	if got := (dhcp.Interface{}).ServerFor(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: %s", got)
	}
}
