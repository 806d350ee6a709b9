package dhcp

import (
	"net"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Target is where a reply goes and how.
type Target struct {
	Src, Dst netip.AddrPort
	// MAC is the frame's destination for a reply on the wire that the request
	// came in on. Without it the host's routes decide.
	MAC net.HardwareAddr
}

// Destination says where the reply to a request goes (RFC 2131 section 4.1,
// PXE 2.1 section 2.2.3 for port 4011). It depends on nothing but the two.
func Destination(req Packet, reply *dhcpv4.DHCPv4) Target {
	src := netip.AddrPortFrom(req.Server, req.Port)
	if req.ReplyTo.IsValid() {
		return toAddress(req, src, req.ReplyTo)
	}
	if relay := req.Relay(); relay.IsValid() {
		// Relays listen on the server's port, whatever port the client used.
		return Target{Src: netip.AddrPortFrom(req.Server, ServerPort), Dst: netip.AddrPortFrom(relay, ServerPort)}
	}
	nak := reply.MessageType() == dhcpv4.MessageTypeNak
	if nak && req.Port == ServerPort {
		return broadcast(src, ClientPort)
	}
	if req.Port == BootPort {
		return bootReply(req, src)
	}
	if client := known(req); client.IsValid() {
		return toAddress(req, src, netip.AddrPortFrom(client, ClientPort))
	}
	yours := addrOf(reply.YourIPAddr)
	// A proxy offer carries no address that a frame could be sent to, and a
	// chaddr that is no Ethernet address (edk2 puts the UUID there when
	// SendGUID is set) no frame could reach.
	if req.Message.IsBroadcast() || !yours.IsValid() || len(req.Message.ClientHWAddr) != 6 {
		return broadcast(src, ClientPort)
	}
	return Target{Src: src, Dst: netip.AddrPortFrom(yours, ClientPort), MAC: req.Message.ClientHWAddr}
}

// known is the address that the client has and answers at: ciaddr, or for an
// INFORM without it the one that it sends from.
func known(req Packet) netip.Addr {
	client := addrOf(req.Message.ClientIPAddr)
	from := req.From.Addr()
	if !client.IsValid() && req.Message.MessageType() == dhcpv4.MessageTypeInform && !from.IsUnspecified() {
		return from
	}
	return client
}

// bootReply answers at the address and port that the question came from: edk2
// asks from port 4011, BIOS ROMs and iPXE from 68.
func bootReply(req Packet, src netip.AddrPort) Target {
	port := req.From.Port()
	if !req.From.Addr().IsUnspecified() {
		return toAddress(req, src, req.From)
	}
	if client := addrOf(req.Message.ClientIPAddr); client.IsValid() {
		return toAddress(req, src, netip.AddrPortFrom(client, port))
	}
	return broadcast(src, port)
}

// toAddress sends on the wire without ARP where the client is on it, because
// firmware may not answer ARP while it waits for this very packet.
func toAddress(req Packet, src, dst netip.AddrPort) Target {
	if !req.Interface.OnLink(dst.Addr()) || len(req.FromMAC) != 6 {
		return Target{Src: src, Dst: dst}
	}
	return Target{Src: src, Dst: dst, MAC: req.FromMAC}
}

func broadcast(src netip.AddrPort, port uint16) Target {
	all := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return Target{Src: src, Dst: netip.AddrPortFrom(all, port), MAC: net.HardwareAddr{255, 255, 255, 255, 255, 255}}
}
