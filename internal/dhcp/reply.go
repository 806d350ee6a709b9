package dhcp

import (
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Codes that are not in the codec's vocabulary by these names.
const (
	optSubnetSelection = 118 // RFC 3011
	subLinkSelection   = 5   // of option 82, RFC 3527
	subServerID        = 11  // of option 82, RFC 5107
)

// newReply starts a reply with the fields of RFC 2131 table 3 and the options
// that are copied from every request: 61 (RFC 6842), 82 (RFC 3046 section 2.2;
// the codec writes it last), 118 (RFC 3011).
func newReply(p Packet, kind dhcpv4.MessageType) *dhcpv4.DHCPv4 {
	m := p.Message
	reply := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootReply, HWType: m.HWType, TransactionID: m.TransactionID,
		Flags: m.Flags, ClientIPAddr: net.IPv4zero, YourIPAddr: net.IPv4zero, ServerIPAddr: net.IPv4zero,
		GatewayIPAddr: m.GatewayIPAddr, ClientHWAddr: m.ClientHWAddr, Options: dhcpv4.Options{},
	}
	if kind == dhcpv4.MessageTypeAck && m.MessageType() == dhcpv4.MessageTypeInform {
		reply.ClientIPAddr = m.ClientIPAddr
	}
	reply.UpdateOption(dhcpv4.OptMessageType(kind))
	reply.UpdateOption(dhcpv4.OptServerIdentifier(p.identifier().AsSlice()))
	for _, code := range []uint8{dhcpv4.OptionClientIdentifier.Code(), dhcpv4.OptionRelayAgentInformation.Code(), optSubnetSelection} {
		if v, ok := m.Options[code]; ok {
			reply.Options[code] = v
		}
	}
	return reply
}

// lend says which address the client may use, and for how long. T1 and T2 are
// those of RFC 2131 section 4.4.5.
func (p Pool) lend(reply *dhcpv4.DHCPv4, addr netip.Addr) {
	reply.YourIPAddr = addr.AsSlice()
	lease := p.Lease()
	reply.UpdateOption(dhcpv4.OptIPAddressLeaseTime(lease))
	reply.UpdateOption(dhcpv4.OptRenewTimeValue((lease / 2).Truncate(time.Second)))
	reply.UpdateOption(dhcpv4.OptRebindingTimeValue((lease * 7 / 8).Truncate(time.Second)))
	p.describe(reply)
}

// describe says what the network is like. All of it is sent whatever the
// client asks for: it is little, and minimal ROMs ask for nothing.
func (p Pool) describe(reply *dhcpv4.DHCPv4) {
	reply.UpdateOption(dhcpv4.OptSubnetMask(net.CIDRMask(p.Prefix.Bits(), 32)))
	if len(p.Router) > 0 {
		reply.UpdateOption(dhcpv4.OptRouter(addrs(p.Router)...))
	}
	if len(p.DNS) > 0 {
		reply.UpdateOption(dhcpv4.OptDNS(addrs(p.DNS)...))
	}
	if p.Domain != "" {
		reply.UpdateOption(dhcpv4.OptDomainName(p.Domain))
	}
}

// nak refuses an address. Through a relay it has the broadcast flag, because
// the client may not hear the address that it asks for (RFC 2131 section 4.3.2).
func nak(p Packet, addr netip.Addr, reason string) (*dhcpv4.DHCPv4, Outcome) {
	reply := newReply(p, dhcpv4.MessageTypeNak)
	if p.Relay().IsValid() {
		reply.SetBroadcast()
	}
	reply.UpdateOption(dhcpv4.OptMessage(reason))
	return reply, Outcome{Step: StepNak, Addr: addr, Reason: reason}
}

// linkSelection is the network that a relay or a client names in place of
// giaddr.
func linkSelection(m *dhcpv4.DHCPv4) netip.Addr {
	if a := agentAddr(m, subLinkSelection); a.IsValid() {
		return a
	}
	if v := m.Options[optSubnetSelection]; len(v) == 4 {
		return addrOf(v)
	}
	return netip.Addr{}
}

// identifier is what the client is to know us by. A relay may put itself in our
// place (RFC 5107), so that what the client sends by unicast, its renewals and
// its RELEASE, comes by the relay.
func (p Packet) identifier() netip.Addr {
	if a := p.override(); a.IsValid() {
		return a
	}
	return p.Server
}

// override is the server identifier that the relay wants, if there is one.
func (p Packet) override() netip.Addr {
	if !p.Relay().IsValid() {
		return netip.Addr{}
	}
	if a := agentAddr(p.Message, subServerID); !a.IsMulticast() {
		return a
	}
	return netip.Addr{}
}

// agentAddr is an address in a sub-option of option 82.
func agentAddr(m *dhcpv4.DHCPv4, sub uint8) netip.Addr {
	info := m.RelayAgentInfo()
	if info == nil {
		return netip.Addr{}
	}
	v := info.Get(dhcpv4.GenericOptionCode(sub))
	if len(v) != 4 {
		return netip.Addr{}
	}
	return addrOf(v)
}

func addrs(all []netip.Addr) []net.IP {
	ips := make([]net.IP, len(all))
	for i, a := range all {
		ips[i] = a.AsSlice()
	}
	return ips
}
