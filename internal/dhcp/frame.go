package dhcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Sizes and values of Ethernet II, IPv4 (RFC 791) and UDP (RFC 768).
const (
	etherHeader = 14
	ipHeader    = 20
	udpHeader   = 8
	etherIPv4   = 0x0800
	protoUDP    = 17
	ttl         = 64
	// maxFrame bounds the receive buffer; the filter cuts longer frames, whose
	// length then doesn't fit.
	maxFrame = 4096
)

// datagram is one UDP datagram as it came out of a frame.
type datagram struct {
	mac     net.HardwareAddr // of the sender
	src     netip.AddrPort
	dst     netip.AddrPort
	payload []byte // shares the frame's memory
}

// openFrame checks lengths and the IPv4 header of an Ethernet frame. The UDP
// checksum is not looked at: a virtual machine or container on this host sends
// it half computed, for a network card to finish (checksum offload).
func openFrame(b []byte) (datagram, error) {
	if len(b) < etherHeader+ipHeader+udpHeader {
		return datagram{}, fmt.Errorf("frame of %d bytes is too short for UDP", len(b))
	}
	if t := binary.BigEndian.Uint16(b[12:]); t != etherIPv4 {
		return datagram{}, fmt.Errorf("frame of type %#04x is no IPv4", t)
	}
	ip := b[etherHeader:]
	size, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
	switch {
	case ip[0]>>4 != 4 || size < ipHeader || total < size+udpHeader || total > len(ip):
		return datagram{}, errors.New("IPv4 header with lengths that don't fit the frame")
	case binary.BigEndian.Uint16(ip[6:])&0x3fff != 0:
		return datagram{}, errors.New("IPv4 fragment")
	case ip[9] != protoUDP:
		return datagram{}, fmt.Errorf("IPv4 protocol %d is no UDP", ip[9])
	case checksum(0, ip[:size]) != 0:
		return datagram{}, errors.New("IPv4 header with a wrong checksum")
	}
	udp := ip[size:total]
	length := int(binary.BigEndian.Uint16(udp[4:]))
	if length < udpHeader || length > len(udp) {
		return datagram{}, fmt.Errorf("UDP length %d in %d bytes", length, len(udp))
	}
	return datagram{
		mac:     append(net.HardwareAddr{}, b[6:12]...),
		src:     netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:16])), binary.BigEndian.Uint16(udp)),
		dst:     netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:20])), binary.BigEndian.Uint16(udp[2:])),
		payload: udp[udpHeader:length],
	}, nil
}

// newFrame writes an Ethernet frame around an IPv4 packet.
func newFrame(to, from net.HardwareAddr, src, dst netip.AddrPort, payload []byte) []byte {
	b := make([]byte, 0, etherHeader+ipHeader+udpHeader+len(payload))
	b = append(append(b, to[:6]...), from[:6]...)
	b = binary.BigEndian.AppendUint16(b, etherIPv4)
	return append(b, newIPv4(src, dst, payload)...)
}

// newIPv4 writes an IPv4 packet with a UDP datagram. It has no identification,
// because it must not be fragmented (RFC 6864 section 4.1).
func newIPv4(src, dst netip.AddrPort, payload []byte) []byte {
	from, to := src.Addr().As4(), dst.Addr().As4()
	b := make([]byte, ipHeader, ipHeader+udpHeader+len(payload))
	b[0] = 4<<4 | ipHeader/4
	binary.BigEndian.PutUint16(b[2:], uint16(ipHeader+udpHeader+len(payload)))
	binary.BigEndian.PutUint16(b[6:], 1<<14) // don't fragment
	b[8], b[9] = ttl, protoUDP
	copy(b[12:], from[:])
	copy(b[16:], to[:])
	binary.BigEndian.PutUint16(b[10:], checksum(0, b))

	b = binary.BigEndian.AppendUint16(b, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(udpHeader+len(payload)))
	b = append(b, 0, 0)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[ipHeader+6:], udpChecksum(b))
	return b
}

// udpChecksum covers the pseudo header of RFC 768: addresses, protocol, length.
func udpChecksum(ip []byte) uint16 {
	udp := ip[ipHeader:]
	sum := uint32(protoUDP) + uint32(len(udp))
	sum += uint32(^checksum(0, ip[12:20]))
	if c := checksum(sum, udp); c != 0 {
		return c
	}
	return 0xffff // 0 would say that there is none
}

// checksum is RFC 1071's, with a sum to start from.
func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
