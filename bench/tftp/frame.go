package main

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
)

// Lengths of the headers of a frame: Ethernet, IPv4 without options, UDP.
const (
	etherLength = 14
	ipLength    = 20
	udpLength   = 8
	headLength  = etherLength + ipLength + udpLength
)

// An endpoint is one side of a UDP exchange.
type endpoint struct {
	hardware net.HardwareAddr
	address  netip.Addr
	port     uint16
}

// newFrame makes a frame with a UDP datagram. It has no UDP checksum, which
// IPv4 allows (RFC 768), so that a payload may be changed in place.
func newFrame(from, to endpoint, payload []byte) []byte {
	b := make([]byte, 0, headLength+len(payload))
	b = append(append(append(b, to.hardware...), from.hardware...), 8, 0)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(ipLength+udpLength+len(payload)))
	b = append(b, 0, 0, 0x40, 0, 64, 17, 0, 0) // don't fragment, TTL, UDP, checksum
	b = append(append(b, from.address.AsSlice()...), to.address.AsSlice()...)
	binary.BigEndian.PutUint16(b[etherLength+10:], checksum(b[etherLength:]))
	b = binary.BigEndian.AppendUint16(b, from.port)
	b = binary.BigEndian.AppendUint16(b, to.port)
	b = binary.BigEndian.AppendUint16(b, uint16(udpLength+len(payload)))
	b = append(b, 0, 0)
	return append(b, payload...)
}

// checksum is that of an IPv4 header (RFC 1071).
func checksum(header []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum>>16 != 0 {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// A datagram is what a received frame holds.
type datagram struct {
	to      [4]byte
	from    uint16 // the server's port
	port    uint16
	size    int    // bytes of the UDP payload
	payload []byte // as much of it as was captured
}

var errFragment = errors.New("the server's packets come in fragments: this client needs an MTU that takes a whole block")

// parseFrame reads a frame; false for what is no UDP. The kernel may hand over
// several datagrams of one send as one frame, which it would have cut later
// (UDP GSO): they look like one large datagram.
func parseFrame(b []byte) (datagram, bool, error) {
	if len(b) < headLength+4 || b[etherLength] != 0x45 || b[etherLength+9] != 17 {
		return datagram{}, false, nil
	}
	if binary.BigEndian.Uint16(b[etherLength+6:])&0x3fff != 0 {
		return datagram{}, false, errFragment
	}
	ip, udp := b[etherLength:], b[etherLength+ipLength:]
	length := int(binary.BigEndian.Uint16(ip[2:])) - ipLength
	if length < udpLength {
		return datagram{}, false, nil
	}
	return datagram{
		to:      [4]byte(ip[16:20]),
		from:    binary.BigEndian.Uint16(udp),
		port:    binary.BigEndian.Uint16(udp[2:]),
		size:    length - udpLength,
		payload: udp[udpLength:min(len(udp), length)],
	}, true, nil
}
