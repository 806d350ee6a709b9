package dhcp6

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// ErrMalformed is what every error of [Parse] is.
var ErrMalformed = errors.New("malformed DHCPv6 packet")

// Sizes of RFC 8415 sections 8 and 11.1, and the hardware type of Ethernet.
const (
	messageHeader = 4
	maxDUID       = 130
	maxMessage    = 9216 // a jumbo frame
	ethernet      = 1
)

// Parse reads a client's message and takes off what relays put around it. The
// first relay is the one that sent it. An option that can't be read is left out,
// and so is what follows one that the end of the packet cuts off: a machine with
// a fault in one option of no interest still boots. A message without client
// identifier is an error but for an INFORMATION-REQUEST (RFC 8415 section 16).
//
// All errors are [ErrMalformed]. The result shares no memory with b.
func Parse(b []byte) (*dhcpv6.Message, []Relay, error) {
	if len(b) > maxMessage {
		return nil, nil, malformed("%d bytes are more than a jumbo frame", len(b))
	}
	var relays []Relay
	for len(b) > 0 && dhcpv6.MessageType(b[0]) == dhcpv6.MessageTypeRelayForward {
		if len(relays) == maxRelays {
			return nil, nil, malformed("more than %d relays", maxRelays)
		}
		r, inner, err := openRelay(b)
		if err != nil {
			return nil, nil, err
		}
		relays, b = append(relays, r), inner
	}
	m, err := parseMessage(b)
	return m, relays, err
}

func parseMessage(b []byte) (*dhcpv6.Message, error) {
	if len(b) < messageHeader {
		return nil, malformed("%d bytes are too few for a header", len(b))
	}
	m := &dhcpv6.Message{MessageType: dhcpv6.MessageType(b[0])}
	copy(m.TransactionID[:], b[1:])
	if !fromClient(m.MessageType) {
		return nil, malformed("a %s is no client's message", m.MessageType)
	}
	walk(b[messageHeader:], func(code dhcpv6.OptionCode, value []byte) {
		if o := parseOption(code, value); o != nil {
			m.Options.Add(o)
		}
	})
	id := m.Options.ClientID()
	switch {
	case id == nil && m.MessageType != dhcpv6.MessageTypeInformationRequest:
		return nil, malformed("a %s without client identifier (option 1)", m.MessageType)
	case id != nil && len(id.ToBytes()) > maxDUID:
		return nil, malformed("a client identifier of %d bytes", len(id.ToBytes()))
	}
	return m, nil
}

func fromClient(t dhcpv6.MessageType) bool {
	switch t {
	case dhcpv6.MessageTypeSolicit, dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeRenew,
		dhcpv6.MessageTypeRebind, dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline, dhcpv6.MessageTypeInformationRequest:
		return true
	}
	return false
}

// parseOption reads one option of a client's message, or returns nil. A relayed
// message within one is not a client's to send, and is not looked into.
func parseOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	if code == dhcpv6.OptionRelayMsg {
		return nil
	}
	o, err := dhcpv6.ParseOption(code, append([]byte(nil), value...))
	if err != nil {
		return nil
	}
	return o
}

// walk calls f with each option, until the end of b or an option that it cuts
// off. The values share b's memory.
func walk(b []byte, f func(code dhcpv6.OptionCode, value []byte)) {
	for len(b) >= 4 {
		code, size := dhcpv6.OptionCode(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; size > len(b) {
			return
		}
		f(code, b[:size])
		b = b[size:]
	}
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
