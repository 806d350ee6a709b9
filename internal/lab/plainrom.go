package lab

import (
	"encoding/binary"
	"sync/atomic"
)

// announcementFilter makes Debian's option ROM, which is iPXE and says so, look
// like a BIOS PXE ROM of another maker: until the machine asks for its first
// file, the DHCP options by which iPXE announces itself are taken out of its
// requests. After that frames pass as they are, so that what was loaded (say
// undionly.kpxe) is seen as itself. It implements Filter.
type announcementFilter struct{ passing atomic.Bool }

// rearm filters again, when the machine starts anew.
func (f *announcementFilter) rearm() { f.passing.Store(false) }

func (f *announcementFilter) Frame(way Direction, frame []byte) []byte {
	if way != ToWire || f.passing.Load() {
		return frame
	}
	d, ok := parseDatagram(frame)
	if !ok {
		return frame
	}
	switch d.port {
	case portTFTP:
		f.passing.Store(true)
	case portDHCP, portPXE:
		return d.replace(withoutIPXE(d.payload))
	}
	return frame
}

// The ports a booting machine sends to: RFC 951, PXE 2.1 section 2.2.5, RFC
// 1350.
const (
	portTFTP = 69
	portDHCP = 67
	portPXE  = 4011
)

// Options of DHCP (RFC 2132, RFC 3004, and iPXE's own encapsulation).
const (
	optPad           = 0
	optParameterList = 55
	optUserClass     = 77
	optIPXE          = 175
	optEnd           = 255
	offsetOptions    = 240 // 236 bytes of BOOTP, then the cookie (RFC 2131)
	minBOOTP         = 300 // RFC 951 section 3
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
