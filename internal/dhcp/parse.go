package dhcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// ErrMalformed is what every error of [Parse] is.
var ErrMalformed = errors.New("malformed DHCP packet")

// The layout of RFC 2131 section 2.
const (
	chaddrAt   = 28
	snameAt    = 44
	fileAt     = 108
	cookieAt   = 236
	optionsAt  = 240
	cookie     = 0x63825363
	maxMessage = 9216 // a jumbo frame
	maxHWAddr  = 16
)

// Codes that the codec has no use for.
const (
	optPad      = 0
	optOverload = 52
	optEnd      = 255
)

// Parse decodes a DHCP message the way firmware means it: the options may lack
// an END, may be followed by garbage, may continue in the fields file and
// sname (option 52, RFC 2132 section 9.3), and may come in pieces (RFC 3396).
// An option that is cut off by the end of the packet is dropped with what
// follows. A message without options is BOOTP and no error.
//
// All errors are [ErrMalformed]. The result shares no memory with b.
func Parse(b []byte) (*dhcpv4.DHCPv4, error) {
	if len(b) < optionsAt {
		return nil, fmt.Errorf("%w: %d bytes are too few for the fixed fields", ErrMalformed, len(b))
	}
	if len(b) > maxMessage {
		return nil, fmt.Errorf("%w: %d bytes are more than a jumbo frame", ErrMalformed, len(b))
	}
	if c := binary.BigEndian.Uint32(b[cookieAt:]); c != cookie {
		return nil, fmt.Errorf("%w: the magic cookie is %#08x", ErrMalformed, c)
	}
	if b[2] > maxHWAddr {
		return nil, fmt.Errorf("%w: a hardware address of %d bytes", ErrMalformed, b[2])
	}
	m := header(b)
	m.Options = options(b)
	clip(m.Options)
	if n := m.Options[optOverload]; len(n) > 0 {
		if n[0]&1 != 0 {
			m.BootFileName = ""
		}
		if n[0]&2 != 0 {
			m.ServerHostName = ""
		}
		delete(m.Options, optOverload)
	}
	return m, nil
}

// ParseRequest is [Parse] for a server: it refuses replies, which a server
// hears on port 67 when it is a neighbour of a relay.
func ParseRequest(b []byte) (*dhcpv4.DHCPv4, error) {
	m, err := Parse(b)
	if err != nil {
		return nil, err
	}
	if m.OpCode != dhcpv4.OpcodeBootRequest {
		return nil, fmt.Errorf("%w: op %d is no request", ErrMalformed, m.OpCode)
	}
	return m, nil
}

func header(b []byte) *dhcpv4.DHCPv4 {
	return &dhcpv4.DHCPv4{
		OpCode:         dhcpv4.OpcodeType(b[0]),
		HWType:         iana.HWType(b[1]),
		HopCount:       b[3],
		TransactionID:  dhcpv4.TransactionID(b[4:8]),
		NumSeconds:     binary.BigEndian.Uint16(b[8:]),
		Flags:          binary.BigEndian.Uint16(b[10:]),
		ClientIPAddr:   net.IP(bytes.Clone(b[12:16])),
		YourIPAddr:     net.IP(bytes.Clone(b[16:20])),
		ServerIPAddr:   net.IP(bytes.Clone(b[20:24])),
		GatewayIPAddr:  net.IP(bytes.Clone(b[24:28])),
		ClientHWAddr:   bytes.Clone(b[chaddrAt : chaddrAt+int(b[2])]),
		ServerHostName: text(b[snameAt:fileAt]),
		BootFileName:   text(b[fileAt:cookieAt]),
	}
}

// text reads a field that is filled up with NUL.
func text(b []byte) string {
	before, _, _ := bytes.Cut(b, []byte{0})
	return string(before)
}

// options collects the options of all the fields that carry some, in the order
// of RFC 3396 section 5: the options field, then file, then sname.
func options(b []byte) dhcpv4.Options {
	o := dhcpv4.Options{}
	collect(o, b[optionsAt:])
	overload := o[optOverload]
	if len(overload) == 0 {
		return o
	}
	if overload[0]&1 != 0 {
		collect(o, b[fileAt:cookieAt])
	}
	if overload[0]&2 != 0 {
		collect(o, b[snameAt:fileAt])
	}
	return o
}

// collect appends the options of one field, joining the pieces of one that
// comes more than once (RFC 3396 section 7).
func collect(o dhcpv4.Options, b []byte) {
	for len(b) > 0 && b[0] != optEnd {
		if b[0] == optPad {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return
		}
		code, value := b[0], b[2:2+int(b[1])]
		// append to an empty non-nil slice: an option without a value is there.
		o[code] = append(append([]byte{}, o[code]...), value...)
		b = b[2+len(value):]
	}
}

// clip cuts options that have one size to that size. A sender that repeats one
// of them (seen with relays that add their own) doesn't mean a longer value.
func clip(o dhcpv4.Options) {
	sizes := map[uint8]int{
		dhcpv4.OptionDHCPMessageType.Code():        1,
		dhcpv4.OptionRequestedIPAddress.Code():     4,
		dhcpv4.OptionServerIdentifier.Code():       4,
		dhcpv4.OptionMaximumDHCPMessageSize.Code(): 2,
		dhcpv4.OptionIPAddressLeaseTime.Code():     4,
		optOverload:                                1,
	}
	for code, size := range sizes {
		if len(o[code]) > size {
			o[code] = o[code][:size]
		}
	}
}
