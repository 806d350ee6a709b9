package boottest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"sync/atomic"

	"github.com/spurboot/spur/internal/lab"
)

// Offsets in a frame with IPv4 without options and UDP.
const (
	offSource   = 14 + 12
	offUDPPorts = 14 + 20
	offUDPSum   = 14 + 20 + 6
	offDHCP     = 14 + 20 + 8
)

func isUDP(frame []byte) bool {
	return len(frame) > offDHCP && binary.BigEndian.Uint16(frame[12:]) == 0x0800 && frame[14] == 0x45 && frame[14+9] == 17
}

// deafTo loses the DHCP offers of one server.
type deafTo struct{ server string }

func (d deafTo) Frame(way lab.Direction, frame []byte) []byte {
	server := netip.MustParseAddr(d.server).As4()
	if way == lab.FromWire && isUDP(frame) && bytes.Equal(frame[offSource:offSource+4], server[:]) &&
		binary.BigEndian.Uint16(frame[offUDPPorts:]) == 67 {
		return nil
	}
	return frame
}

// deafAtFirst loses a server's offers until the machine asks for the second
// time.
type deafAtFirst struct {
	deafTo
	asked atomic.Int32 // the directions have a goroutine each
}

func (d *deafAtFirst) Frame(way lab.Direction, frame []byte) []byte {
	if way == lab.ToWire && isUDP(frame) && binary.BigEndian.Uint16(frame[offUDPPorts+2:]) == 67 {
		d.asked.Add(1)
	}
	if d.asked.Load() >= 2 {
		return frame
	}
	return d.deafTo.Frame(way, frame)
}

// not4011 loses what a machine sends to port 4011.
type not4011 struct{}

func (not4011) Frame(way lab.Direction, frame []byte) []byte {
	if way == lab.ToWire && isUDP(frame) && binary.BigEndian.Uint16(frame[offUDPPorts+2:]) == 4011 {
		return nil
	}
	return frame
}

// without makes the iPXE of a ROM say that it lacks a feature (by its number in
// option 175), until the first file is asked for by TFTP: then another program
// may speak. With always it goes on.
type without struct {
	feature        byte
	always, loaded bool
}

// Features of option 175 (src/include/ipxe/features.h of iPXE).
const (
	featHTTP    = 19
	featBzImage = 24
)

func (w *without) Frame(way lab.Direction, frame []byte) []byte {
	if way != lab.ToWire || !isUDP(frame) || w.loaded {
		return frame
	}
	switch binary.BigEndian.Uint16(frame[offUDPPorts+2:]) {
	case 69:
		w.loaded = !w.always
	case 67, 4011:
		frame = bytes.Clone(frame)
		if at := bytes.Index(frame[offDHCP:], []byte{w.feature, 1, 1}); at >= 0 {
			frame[offDHCP+at+2] = 0
			frame[offUDPSum], frame[offUDPSum+1] = 0, 0 // no checksum (RFC 768)
		}
	}
	return frame
}

// notTo69 loses what a machine asks of TFTP.
type notTo69 struct{}

func (notTo69) Frame(way lab.Direction, frame []byte) []byte {
	if way == lab.ToWire && isUDP(frame) && binary.BigEndian.Uint16(frame[offUDPPorts+2:]) == 69 {
		return nil
	}
	return frame
}

// noTCP6 loses what a machine sends by TCP over IPv6.
type noTCP6 struct{}

func (noTCP6) Frame(way lab.Direction, frame []byte) []byte {
	if way == lab.ToWire && len(frame) > 14+40 && binary.BigEndian.Uint16(frame[12:]) == 0x86dd && frame[14+6] == 6 {
		return nil
	}
	return frame
}

// losesFirstOACKs loses the first option acknowledgment of TFTP over IPv6 to each port of a
// machine, as edk2 does that doesn't listen yet. Frames from the wire have one goroutine.
type losesFirstOACKs struct{ ports map[uint16]bool }

// Offsets in a frame with IPv6 without extension headers and UDP.
const (
	offNext6     = 14 + 6
	offUDPPorts6 = 14 + 40
	offUDPData6  = 14 + 40 + 8
)

func (l *losesFirstOACKs) Frame(way lab.Direction, frame []byte) []byte {
	if way != lab.FromWire || len(frame) < offUDPData6+2 || binary.BigEndian.Uint16(frame[12:]) != 0x86dd || frame[offNext6] != 17 ||
		binary.BigEndian.Uint16(frame[offUDPData6:]) != 6 {
		return frame
	}
	port := binary.BigEndian.Uint16(frame[offUDPPorts6+2:])
	if l.ports[port] {
		return frame
	}
	l.ports[port] = true
	return nil
}
