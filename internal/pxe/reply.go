package pxe

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// UDP ports of PXE 2.1 section 2.2.3.
const (
	ServerPort = 67
	BootPort   = 4011
)

// Proxied tells whether a proxy should answer a message of this type that came
// in on this port: a DISCOVER on port 67, and what machines send to port 4011,
// which is a REQUEST by the specification, and a DISCOVER or INFORM from some
// ROMs. On port 67 a REQUEST is between the client and its DHCP server.
func Proxied(port uint16, kind dhcpv4.MessageType) bool {
	switch kind {
	case dhcpv4.MessageTypeDiscover:
		return port == ServerPort || port == BootPort
	case dhcpv4.MessageTypeRequest, dhcpv4.MessageTypeInform:
		return port == BootPort
	}
	return false
}

// Offer is a proxy's reply to a DISCOVER on port 67 (PXE 2.1 section 2.2.3):
// it has no address, and says PXEClient or HTTPClient so that it is told apart
// from the offer of an address.
func Offer(m *dhcpv4.DHCPv4, b Boot) (*dhcpv4.DHCPv4, error) {
	if m.MessageType() != dhcpv4.MessageTypeDiscover {
		return nil, fmt.Errorf("a proxy offer answers a DISCOVER, not a %s", m.MessageType())
	}
	return proxied(m, b, dhcpv4.MessageTypeOffer)
}

// ErrCredentials is why a request for credentials has no answer.
var ErrCredentials = errors.New("asks for credentials of its boot file (Boot Integrity Services), and Spur has none")

// Answer is a proxy's reply on port 4011, and a boot server's: an ACK, or an OFFER
// to those that start over with a DISCOVER there.
func Answer(m *dhcpv4.DHCPv4, b Boot) (*dhcpv4.DHCPv4, error) {
	switch kind := m.MessageType(); kind {
	case dhcpv4.MessageTypeDiscover:
		return proxied(m, b, dhcpv4.MessageTypeOffer)
	case dhcpv4.MessageTypeRequest, dhcpv4.MessageTypeInform:
		return proxied(m, b, dhcpv4.MessageTypeAck)
	default:
		return nil, fmt.Errorf("port 4011 answers a REQUEST, not a %s", kind)
	}
}

func proxied(m *dhcpv4.DHCPv4, b Boot, kind dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	r := Read(m)
	if r.BootItem != nil && r.BootItem.Credentials() {
		return nil, ErrCredentials
	}
	if err := b.check(r); err != nil {
		return nil, err
	}
	reply := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootReply, HWType: m.HWType, TransactionID: m.TransactionID, Flags: m.Flags,
		ClientIPAddr: m.ClientIPAddr, YourIPAddr: net.IPv4zero, GatewayIPAddr: m.GatewayIPAddr,
		ClientHWAddr: m.ClientHWAddr, Options: dhcpv4.Options{},
	}
	reply.Options[optMsgType] = []byte{byte(kind)}
	reply.Options[optServerID] = b.Server.AsSlice()
	reply.Options[optClass] = []byte(r.answerClass())
	echo(reply, m, optUUID, optRelay)
	if v := r.vendorOptions(b, r.discovery(b)); v != nil {
		reply.Options[optVendor] = v
	}
	if r.IPXE != nil {
		reply.Options[optIPXE] = ipxeOptions(false)
	}
	b.write(reply, r)
	return reply, nil
}

// answerClass is the class that a proxy's reply must have to be taken for one.
func (r Request) answerClass() Class {
	if r.Class == HTTPClient {
		return HTTPClient
	}
	return PXEClient
}

// IsOffer tells whether a reply says, by its class, that its sender knows what
// to boot: a proxy's, like those of [Offer], or a DHCP server's.
func IsOffer(reply *dhcpv4.DHCPv4) bool {
	class, _, _ := strings.Cut(string(reply.Options[optClass]), ":")
	return class == string(PXEClient) || class == string(HTTPClient)
}

// Apply adds what to boot to an OFFER or ACK of a DHCP server of ours.
func Apply(reply, m *dhcpv4.DHCPv4, b Boot) error {
	r := Read(m)
	if err := b.check(r); err != nil {
		return err
	}
	echo(reply, m, optUUID)
	if r.Class == HTTPClient {
		reply.Options[optClass] = []byte(HTTPClient)
	}
	if r.IPXE != nil {
		reply.Options[optIPXE] = ipxeOptions(true)
	}
	shaped := r.IPXE == nil && b.Shape.Discovery != Usual
	if r.Class == PXEClient && (shaped || b.Menu != nil) {
		reply.Options[optClass] = []byte(PXEClient)
		if v := r.vendorOptions(b, b.Shape.Discovery); v != nil {
			reply.Options[optVendor] = v
		}
	}
	b.write(reply, r)
	return nil
}

// echo copies options of the request.
func echo(reply, m *dhcpv4.DHCPv4, codes ...uint8) {
	for _, code := range codes {
		if v, ok := m.Options[code]; ok {
			reply.Options[code] = bytes.Clone(v)
		}
	}
}
