package dhcp

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// minMessage is BOOTP's size (RFC 951 section 3), below which relays and ROMs
// drop a message.
const minMessage = 300

// Marshal writes a message for the wire: options 53 and 54 first, like every
// server that firmware was tested with, the others in the order of their codes,
// 82 last (RFC 3046 section 2.2), END, and PAD up to BOOTP's 300 bytes.
//
// A PAD follows options 66 and 67. Firmware that takes an option's length sees a name without NUL, firmware that
// takes the name to be NUL-terminated finds its NUL, and edk2, which writes one
// behind option 67 (PxeBcParseDhcp4Packet), hits nothing.
func Marshal(m *dhcpv4.DHCPv4) []byte {
	bare := *m
	bare.Options = nil
	b := bare.ToBytes()[:optionsAt]
	for _, code := range order(m.Options) {
		b = appendOption(b, code, m.Options[code])
		if code == dhcpv4.OptionTFTPServerName.Code() || code == dhcpv4.OptionBootfileName.Code() {
			b = append(b, optPad)
		}
	}
	b = append(b, optEnd)
	if len(b) < minMessage {
		b = append(b, bytes.Repeat([]byte{optPad}, minMessage-len(b))...)
	}
	return b
}

func order(o dhcpv4.Options) []uint8 {
	var codes []uint8
	for code := range o {
		if code != optPad && code != optEnd {
			codes = append(codes, code)
		}
	}
	slices.SortFunc(codes, func(a, b uint8) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return codes
}

func rank(code uint8) int {
	switch code {
	case dhcpv4.OptionDHCPMessageType.Code(), dhcpv4.OptionServerIdentifier.Code():
		return 0
	case dhcpv4.OptionRelayAgentInformation.Code():
		return 2
	}
	return 1
}

// appendOption splits a value that is too long for one option (RFC 3396).
func appendOption(b []byte, code uint8, value []byte) []byte {
	for {
		n := min(len(value), 255)
		b = append(append(b, code, uint8(n)), value[:n]...)
		value = value[n:]
		if len(value) == 0 {
			return b
		}
	}
}
