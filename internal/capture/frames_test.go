package capture_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

var (
	machine = net.HardwareAddr{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	server  = net.HardwareAddr{0x52, 0x54, 0, 0xaa, 0xbb, 2}
	all     = net.HardwareAddr{255, 255, 255, 255, 255, 255}
	began   = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
)

// frame is a frame and when it passes.
type frame struct {
	after time.Duration
	bytes []byte
}

// serialize puts layers together.
func serialize(t testing.TB, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, parts...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ethernet is what is before IP in a frame.
func ethernet(from, to net.HardwareAddr) []gopacket.SerializableLayer {
	return []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: from, DstMAC: to, EthernetType: layers.EthernetTypeIPv4}}
}

func udp(t testing.TB, link []gopacket.SerializableLayer, src, dst string, from, to uint16, payload []byte) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4()}
	return serialize(t, append(link, ip, &layers.UDP{SrcPort: layers.UDPPort(from), DstPort: layers.UDPPort(to)}, gopacket.Payload(payload))...)
}

func tcp(t testing.TB, fromMachine bool, seq uint32, flags string, payload string) []byte {
	return segment(t, fromMachine, layers.TCP{Seq: seq}, flags, payload)
}

// acknowledging is a segment of the machine's that says how far the server's bytes came.
func acknowledging(t testing.TB, ack uint32, flags string, payload string) []byte {
	return segment(t, true, layers.TCP{Seq: 100, Ack: ack}, flags, payload)
}

func segment(t testing.TB, fromMachine bool, numbers layers.TCP, flags string, payload string) []byte {
	link, src, dst, from, to := ethernet(machine, server), "10.0.0.23", "10.0.0.1", uint16(40000), uint16(80)
	if !fromMachine {
		link, src, dst, from, to = ethernet(server, machine), dst, src, to, from
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4()}
	l := &layers.TCP{SrcPort: layers.TCPPort(from), DstPort: layers.TCPPort(to), Seq: numbers.Seq, Ack: numbers.Ack}
	for _, f := range flags {
		switch f {
		case 'S':
			l.SYN = true
		case 'A':
			l.ACK = true
		case 'F':
			l.FIN = true
		case 'R':
			l.RST = true
		}
	}
	return serialize(t, append(link, ip, l, gopacket.Payload(payload))...)
}

// dhcp is a message of DHCP of the machine, or to it.
func dhcp(op byte, kind byte, yiaddr string, options ...byte) []byte {
	b := make([]byte, 240, 300)
	b[0], b[1], b[2] = op, 1, 6
	copy(b[16:], net.ParseIP(yiaddr).To4())
	copy(b[28:], machine)
	copy(b[236:], []byte{0x63, 0x82, 0x53, 0x63})
	return append(append(append(b, 53, 1, kind), options...), 255)
}

// leased are the packets by which the machine comes to its address.
func leased(t testing.TB) []frame {
	return []frame{
		{0, udp(t, ethernet(machine, all), "0.0.0.0", "255.255.255.255", 68, 67, dhcp(1, 1, "0.0.0.0"))},
		{time.Second, udp(t, ethernet(server, machine), "10.0.0.1", "10.0.0.23", 67, 68, dhcp(2, 5, "10.0.0.23"))},
	}
}

// pcap writes frames as a capture.
func pcap(t testing.TB, link layers.LinkType, frames ...frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65536, link); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: began.Add(f.after), CaptureLength: len(f.bytes), Length: len(f.bytes)}, f.bytes); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// tftp packets.
func rrq(name string) []byte { return []byte("\x00\x01" + name + "\x00octet\x00tsize\x000\x00") }

func data(block uint16, size int) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0, 3}, block), make([]byte, size)...)
}
