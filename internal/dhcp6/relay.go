package dhcp6

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// maxRelays is how many relays a request may have come by: a relay forwards
// none whose hop count has reached 8 (RFC 8415 sections 7.6 and 19.1.2).
const maxRelays = 9

// The header of a relay's message: type, hop count, link-address, peer-address
// (RFC 8415 section 9).
const relayHeader = 34

// Relay is what one relay agent put around a request (RFC 8415 section 9.1).
type Relay struct {
	Hops uint8
	// Link is an address on the network that the relay heard the request on;
	// unspecified if the relay leaves that to another one.
	Link netip.Addr
	// Peer is who sent the request to the relay.
	Peer netip.Addr
	// InterfaceID (option 18) is the relay's name for that network; nil if it
	// has none.
	InterfaceID []byte
	// SourcePort (option 135) is there, and not nil, if the relay listens on the
	// port that it sent from.
	SourcePort []byte
	// MAC is the client's hardware address (option 79, RFC 6939), where the relay
	// next to it says so.
	MAC net.HardwareAddr
}

// openRelay takes off what one relay put around a message.
func openRelay(b []byte) (r Relay, inner []byte, err error) {
	if len(b) < relayHeader {
		return Relay{}, nil, malformed("%d bytes are too few for a relay's header", len(b))
	}
	r = Relay{Hops: b[1], Link: netip.AddrFrom16([16]byte(b[2:18])), Peer: netip.AddrFrom16([16]byte(b[18:34]))}
	walk(b[relayHeader:], func(code dhcpv6.OptionCode, value []byte) {
		switch code {
		case dhcpv6.OptionRelayMsg:
			inner = value
		case dhcpv6.OptionInterfaceID:
			r.InterfaceID = append([]byte{}, value...)
		case dhcpv6.OptionRelayPort:
			r.SourcePort = append([]byte{}, value...)
		case dhcpv6.OptionClientLinkLayerAddr:
			if len(value) == 8 && binary.BigEndian.Uint16(value) == ethernet {
				r.MAC = append(net.HardwareAddr{}, value[2:]...)
			}
		}
	})
	if inner == nil {
		return Relay{}, nil, malformed("a relay's message without the client's (option 9)")
	}
	return r, inner, nil
}

// reply puts around a reply what the relay needs to pass it on: its own header
// and its options 18 and 135 (RFC 8415 section 19.3, RFC 8357 section 5.2).
func (r Relay) reply(inner []byte) []byte {
	b := append([]byte{byte(dhcpv6.MessageTypeRelayReply), r.Hops}, r.Link.AsSlice()...)
	b = append(b, r.Peer.AsSlice()...)
	if r.InterfaceID != nil {
		b = appendOption(b, dhcpv6.OptionInterfaceID, r.InterfaceID)
	}
	if r.SourcePort != nil {
		b = appendOption(b, dhcpv6.OptionRelayPort, r.SourcePort)
	}
	return appendOption(b, dhcpv6.OptionRelayMsg, inner)
}

func appendOption(b []byte, code dhcpv6.OptionCode, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(code))
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// Marshal writes the reply to a packet as it goes on the wire: within a
// relay-reply for each relay that the packet came by.
func Marshal(p Packet, reply *dhcpv6.Message) []byte {
	b := reply.ToBytes()
	for i := len(p.Relays) - 1; i >= 0; i-- {
		b = p.Relays[i].reply(b)
	}
	return b
}
