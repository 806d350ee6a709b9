package lab

import (
	"encoding/binary"
	"sync/atomic"
)

// costume makes Debian's option ROM, which is iPXE and says so, look like a
// BIOS PXE ROM of another maker: until the machine asks for its first file,
// the DHCP options by which iPXE announces itself are taken out of its
// requests. After that frames pass as they are, so that what was loaded (say
// undionly.kpxe) is seen as itself. It implements Filter.
type costume struct{ off atomic.Bool }

// rearm puts the costume on again, when the machine starts anew.
func (c *costume) rearm() { c.off.Store(false) }

func (c *costume) Frame(way Direction, frame []byte) []byte {
	if way != ToWire || c.off.Load() {
		return frame
	}
	d, ok := parseDatagram(frame)
	if !ok {
		return frame
	}
	switch d.port {
	case portTFTP:
		c.off.Store(true)
	case portDHCP, portPXE:
		return d.replace(withoutIPXE(d.payload))
	}
	return frame
}

// The ports a booting machine sends to: RFC 951, PXE 2.1 section 2.2.5, RFC 1350.
const (
	portTFTP = 69
	portDHCP = 67
	portPXE  = 4011
)

// Options of DHCP (RFC 2132, RFC 3004, and iPXE's own encapsulation).
const (
	optPad            = 0
	optParameterList  = 55
	optUserClass      = 77
	optIPXE           = 175
	optEnd            = 255
	offsetOptions     = 240 // 236 bytes of BOOTP, then the cookie (RFC 2131)
	minBOOTP          = 300 // RFC 951 section 3
	ethernetHeaderLen = 14
	ipv4HeaderLen     = 20
	udpHeaderLen      = 8
)

// withoutIPXE is a DHCP message without options 77 and 175, and without 175
// among the options it asks for. What isn't DHCP is returned as it is.
func withoutIPXE(message []byte) []byte {
	if len(message) < offsetOptions || binary.BigEndian.Uint32(message[236:]) != 0x63825363 {
		return message
	}
	out := append([]byte(nil), message[:offsetOptions]...)
	for rest := message[offsetOptions:]; len(rest) > 0; {
		code := rest[0]
		if code == optPad || code == optEnd {
			out, rest = append(out, code), rest[1:]
			continue
		}
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return message
		}
		value := rest[2 : 2+int(rest[1])]
		rest = rest[2+len(value):]
		switch code {
		case optUserClass, optIPXE:
			continue
		case optParameterList:
			value = without(value, optIPXE)
		}
		out = append(append(out, code, byte(len(value))), value...)
	}
	for len(out) < minBOOTP {
		out = append(out, optPad)
	}
	return out
}

func without(list []byte, unwanted byte) []byte {
	kept := make([]byte, 0, len(list))
	for _, b := range list {
		if b != unwanted {
			kept = append(kept, b)
		}
	}
	return kept
}

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
