package explain

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/route"
)

// offer6 shows what the client would be sent over IPv6. iPXE takes no boot file
// beside an address of another server, but where it asks for information alone.
func (e *explanation) offer6(c boot.Client, r route.Route, indent string) error {
	kind := dhcpv6.MessageTypeSolicit
	if c.Loader == boot.IPXE && e.lease == route.Theirs {
		kind = dhcpv6.MessageTypeInformationRequest
	}
	p := identify.Request6(c, kind)
	b := dhcp6.Boot{URL: e.tree.Location(c, r)}
	reply, err := e.reply6(p, b)
	if err != nil {
		return err
	}
	e.line("%sboot file   %s", indent, b.URL)
	if kind == dhcpv6.MessageTypeInformationRequest {
		e.line("%s            which iPXE takes only where router advertisements have the flag O and not M, or with --dhcp server", indent)
	}
	if !e.question.Bytes || e.question.Packets {
		return nil
	}
	if a := identify.FirstAddress(reply); a.IsValid() {
		e.line("%saddress     %s, for example: a machine gets one of --pool", indent, a)
	}
	for line := range strings.Lines(reply.Summary() + "\n" + hex.Dump(dhcp6.Marshal(p, reply))) {
		e.line("%s%s", indent, strings.TrimRight(line, "\n"))
	}
	return nil
}

// reply6 is the offer that the question's mode of DHCP leads to.
func (e *explanation) reply6(p dhcp6.Packet, b dhcp6.Boot) (*dhcpv6.Message, error) {
	id := dhcp6.ServerID([]byte(e.tree.Names.Key.Text()))
	if e.lease == route.Theirs {
		return dhcp6.Offer(p, id, b)
	}
	reply, err := exampleAddress6(p, id)
	if err != nil {
		return nil, err
	}
	return reply, dhcp6.Apply(reply, dhcp6.Read(p), b)
}

// exampleAddress6 is what a DHCPv6 server replies that gives the addresses of the
// packet's network, but for those that others have.
func exampleAddress6(p dhcp6.Packet, id dhcpv6.DUID, others ...netip.Prefix) (*dhcpv6.Message, error) {
	on := p.Interface.Addrs[0]
	s, err := dhcp6.NewServer(dhcp6.ServerConfig{
		ID: id, Pools: []dhcp6.Pool{dhcp6.WholeNetwork(on.Masked())},
		Store: &leases.MemoryStore{}, Authoritative: true,
	})
	if err != nil {
		return nil, err
	}
	s.Own([]dhcp6.Interface{p.Interface, {Addrs: others}})
	reply, outcome := s.Handle(p.Time, p)
	if reply == nil {
		return nil, errors.New(outcome.Reason)
	}
	return reply, nil
}
