package lab

import "encoding/binary"

// Lengths of headers (IEEE 802.3, RFC 791, RFC 768).
const (
	ethernetHeaderLen = 14
	ipv4HeaderLen     = 20
	udpHeaderLen      = 8
)

// datagram is a UDP datagram over IPv4 within a frame.
type datagram struct {
	headers []byte // Ethernet, IPv4 and UDP
	ip      int    // length of the IPv4 header
	port    uint16 // of the destination
	payload []byte
}

func parseDatagram(frame []byte) (datagram, bool) {
	if len(frame) < ethernetHeaderLen+ipv4HeaderLen+udpHeaderLen ||
		binary.BigEndian.Uint16(frame[12:]) != 0x0800 {
		return datagram{}, false
	}
	packet := frame[ethernetHeaderLen:]
	header := int(packet[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(packet[2:]))
	fragment := binary.BigEndian.Uint16(packet[6:]) & 0x3fff
	if packet[0]>>4 != 4 || header < ipv4HeaderLen || packet[9] != 17 || fragment != 0 ||
		total > len(packet) || total < header+udpHeaderLen {
		return datagram{}, false
	}
	start := ethernetHeaderLen + header + udpHeaderLen
	return datagram{
		headers: frame[:start],
		ip:      header,
		port:    binary.BigEndian.Uint16(packet[header+2:]),
		payload: packet[header+udpHeaderLen : total],
	}, true
}

// replace is the frame with another payload, its lengths and checksums right.
func (d datagram) replace(payload []byte) []byte {
	frame := append(append([]byte(nil), d.headers...), payload...)
	ip := frame[ethernetHeaderLen:]
	udp := ip[d.ip:]
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	binary.BigEndian.PutUint16(ip[10:], 0)
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(0, ip[:d.ip])))
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	binary.BigEndian.PutUint16(udp[6:], 0)
	// The pseudo header of RFC 768: addresses, protocol, length.
	check := ^fold(sum(sum(17+uint32(len(udp)), ip[12:20]), udp))
	if check == 0 {
		check = 0xffff
	}
	binary.BigEndian.PutUint16(udp[6:], check)
	return frame
}

// sum adds up 16-bit words for a checksum of RFC 1071.
func sum(start uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		start += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		start += uint32(b[0]) << 8
	}
	return start
}

func fold(sum uint32) uint16 {
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}
