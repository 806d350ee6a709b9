package replay

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/record"
)

// inPlaceOf has Spur stand in a capture for the server that gave the machine its address:
// what that one sent are Spur's replies. It returns that server's address; the zero value
// where a record tells Spur's replies itself, or none gave one.
func inPlaceOf(r *record.Record) netip.Addr {
	isReply := func(e record.Entry) bool { return e.Packet != nil && e.Packet.Way == record.Reply }
	if slices.ContainsFunc(r.Entries, isReply) {
		return netip.Addr{}
	}
	giver := giverIn(r.Entries)
	if !giver.IsValid() {
		return giver
	}
	r.Entries = slices.Clone(r.Entries)
	for n, e := range r.Entries {
		if m, ok := sentBy(e); ok && addrOf(m.ServerIdentifier()) == giver {
			reply := *e.Packet
			reply.Way = record.Reply
			r.Entries[n].Packet = &reply
		}
	}
	return giver
}

// giverIn is the server that gave the machine its address: the first that acknowledged one;
// where none did, the first that offered one. Of several that offer, the machine's REQUEST
// chooses (RFC 2131, section 3.1).
func giverIn(entries []record.Entry) (giver netip.Addr) {
	for _, e := range entries {
		m, ok := sentBy(e)
		if !ok || !given(m).IsValid() {
			continue
		}
		by := addrOf(m.ServerIdentifier())
		if m.MessageType() == dhcpv4.MessageTypeAck && by.IsValid() {
			return by
		}
		giver = cmp.Or(giver, by)
	}
	return giver
}

// sentBy reads what a server sent over IPv4.
func sentBy(e record.Entry) (*dhcpv4.DHCPv4, bool) {
	if e.Packet == nil || e.Packet.Way == record.Request || e.Packet.Proto != record.DHCP {
		return nil, false
	}
	m, err := dhcpv4.FromBytes(e.Packet.Bytes)
	return m, err == nil
}

// given is the address that a packet gives; the zero value for none.
func given(m *dhcpv4.DHCPv4) netip.Addr {
	if a := addrOf(m.YourIPAddr); a.IsValid() && !a.IsUnspecified() {
		return a
	}
	return netip.Addr{}
}

func addrOf(ip []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

// wantAsGiven has a DISCOVER that names no address (option 50) ask for the one that the
// machine was given then, so that it is offered that again.
func (p *player) wantAsGiven(m *dhcpv4.DHCPv4) {
	if m.MessageType() != dhcpv4.MessageTypeDiscover || m.RequestedIPAddress() != nil {
		return
	}
	for _, e := range p.record.Entries {
		reply, ok := sentBy(e)
		if !ok || e.Packet.Way != record.Reply || reply.TransactionID != m.TransactionID {
			continue
		}
		if a := given(reply); a.IsValid() {
			m.UpdateOption(dhcpv4.OptRequestedIPAddress(a.AsSlice()))
			return
		}
	}
}

// servers are the IPv4 addresses that servers in a record have, which no machine is given.
func servers(r record.Record) (all []netip.Addr) {
	for _, e := range r.Entries {
		if m, ok := sentBy(e); ok {
			all = append(all, addrOf(m.ServerIdentifier()), e.Packet.Src.Addr().Unmap())
		}
	}
	return slices.DeleteFunc(all, func(a netip.Addr) bool { return !a.Is4() || a.IsUnspecified() })
}
