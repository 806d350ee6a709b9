package capture

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// packet is what the headers of one frame say.
type packet struct {
	gopacket.Packet
	from, to net.HardwareAddr // nil where the capture has no such addresses
	vlan     uint16
	src, dst netip.Addr
	length   int // of what follows the IP header, on the wire; 0 where unknown
	size     int // of UDP's payload, on the wire
}

// maxFrame is how much of a frame is looked at: headers, and the message that they are
// for. Sizes are those of the headers.
const maxFrame = 16 << 10

// frame takes in one frame.
func (a *assembly) frame(data []byte, link layers.LinkType, info gopacket.CaptureInfo) {
	at := a.clock(info.Timestamp)
	data = data[:min(len(data), maxFrame)]
	p := packet{Packet: gopacket.NewPacket(data, link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})}
	p.readLink()
	if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		a.arp(at, arp)
		return
	}
	if !p.readIP() {
		a.other++
		return
	}
	if p.isFragment() {
		a.fragment(at, p)
		return
	}
	switch l := p.TransportLayer().(type) {
	case *layers.UDP:
		p.size = max(int(l.Length)-8, len(l.Payload)) // more than is captured, perhaps
		a.udp(at, p, netip.AddrPortFrom(p.src, uint16(l.SrcPort)), netip.AddrPortFrom(p.dst, uint16(l.DstPort)), l.Payload)
	case *layers.TCP:
		a.tcp(at, p, l)
	default:
		a.control(at, p)
	}
}

// readLink reads what is before the network layer: Ethernet, VLAN tags, or what
// tcpdump writes of the interface "any" (Linux cooked).
func (p *packet) readLink() {
	if eth, ok := p.LinkLayer().(*layers.Ethernet); ok {
		p.from, p.to = eth.SrcMAC, eth.DstMAC
	}
	if sll, ok := p.Layer(layers.LayerTypeLinuxSLL).(*layers.LinuxSLL); ok && sll.AddrLen == 6 {
		p.from = sll.Addr
	}
	if sll, ok := p.Layer(layers.LayerTypeLinuxSLL2).(*layers.LinuxSLL2); ok && sll.AddrLength == 6 {
		p.from = sll.Addr
	}
	if tag, ok := p.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q); ok {
		p.vlan = tag.VLANIdentifier
	}
}

// readIP reads the addresses; false is no IP.
func (p *packet) readIP() bool {
	var src, dst net.IP
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		src, dst, p.length = ip.SrcIP, ip.DstIP, int(ip.Length)-4*int(ip.IHL)
	case *layers.IPv6:
		src, dst, p.length = ip.SrcIP, ip.DstIP, int(ip.Length)
	default:
		return false
	}
	from, ok := netip.AddrFromSlice(src)
	to, okTo := netip.AddrFromSlice(dst)
	p.src, p.dst = from.Unmap(), to.Unmap()
	return ok && okTo
}

// isFragment tells of a part of a datagram, which says nothing by itself.
func (p *packet) isFragment() bool {
	if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
		return ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0
	}
	return p.Layer(layers.LayerTypeIPv6Fragment) != nil
}

// unicast tells whether a frame is for one receiver alone.
func (p *packet) unicast() bool { return len(p.to) == 6 && p.to[0]&1 == 0 }

// fragment tells of fragments, once to each machine: boot ROMs can't put them
// together.
func (a *assembly) fragment(at time.Time, p packet) {
	for _, addr := range []netip.Addr{p.dst, p.src} {
		if m := a.at(addr); m != nil {
			m.once(at, fmt.Sprintf("IP fragments between %s and %s, which many boot ROMs can't put together", p.src, p.dst))
			return
		}
	}
}

// arp tells of a machine's probe that is answered: its address is somebody
// else's.
func (a *assembly) arp(at time.Time, arp *layers.ARP) {
	if len(arp.SourceProtAddress) != 4 || len(arp.DstProtAddress) != 4 || len(arp.SourceHwAddress) != 6 {
		return
	}
	addr := netip.AddrFrom4([4]byte(arp.SourceProtAddress))
	m := a.at(addr)
	if m == nil || addr.IsUnspecified() || string(m.MAC[:]) == string(arp.SourceHwAddress) || a.relayed[addr] {
		return
	}
	m.once(at, fmt.Sprintf("ARP: %s says that it has the address %s as well", net.HardwareAddr(arp.SourceHwAddress), addr))
}

// control reads ICMP: what can't be reached, and what routers advertise.
func (a *assembly) control(at time.Time, p packet) {
	if icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok && icmp.TypeCode.Type() == layers.ICMPv4TypeDestinationUnreachable {
		a.unreachable(at, p, icmp.TypeCode.String())
	}
	if icmp, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6); ok && icmp.TypeCode.Type() == layers.ICMPv6TypeDestinationUnreachable {
		a.unreachable(at, p, icmp.TypeCode.String())
	}
	if ra, ok := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement); ok {
		a.advertised(p.src, ra)
	}
}

// unreachable tells whoever is a machine that a host doesn't take its packets.
func (a *assembly) unreachable(at time.Time, p packet, code string) {
	if m := a.at(p.dst); m != nil {
		m.once(at, fmt.Sprintf("ICMP: %s refuses what the machine sent it: %s", p.src, code))
	} else if m := a.at(p.src); m != nil {
		m.once(at, fmt.Sprintf("ICMP: the machine refuses what %s sent it: %s", p.dst, code))
	}
}

// maxRouters bounds the routers that are told of.
const maxRouters = 8

// advertised notes what a router says of addresses: without M no firmware asks by
// DHCPv6.
func (a *assembly) advertised(router netip.Addr, ra *layers.ICMPv6RouterAdvertisement) {
	says := "addresses are made by the machines themselves (neither M nor O)"
	switch {
	case ra.ManagedAddressConfig():
		says = "addresses come by DHCPv6 (M)"
	case ra.OtherConfig():
		says = "all but addresses comes by DHCPv6 (O, not M)"
	}
	text := fmt.Sprintf("the router %s advertises: %s", router, says)
	if !a.routers[text] && len(a.routers) < maxRouters {
		a.routers[text] = true
		a.note("%s", text)
	}
}
