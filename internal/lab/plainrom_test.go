package lab

import (
	"bytes"
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// datagramFrame is a frame with a UDP datagram in it, by gopacket.
func datagramFrame(t testing.TB, port uint16, payload []byte) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{255, 255, 255, 255, 255, 255}, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4zero, DstIP: net.IPv4bcast}
	udp := &layers.UDP{SrcPort: 68, DstPort: layers.UDPPort(port)}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, options, eth, ip, udp, gopacket.Payload(payload)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// message is a DHCP message with options.
func message(options ...byte) []byte {
	m := make([]byte, offsetOptions, 400)
	m[0] = 1
	copy(m[236:], []byte{0x63, 0x82, 0x53, 0x63})
	return append(m, options...)
}

func padded(m []byte) []byte {
	for len(m) < minBOOTP {
		m = append(m, 0)
	}
	return m
}

func TestWithoutIPXE(t *testing.T) {
	tests := []struct {
		name     string
		in, want []byte
	}{
		{"both options", message(53, 1, 1, 77, 4, 'i', 'P', 'X', 'E', 93, 2, 0, 0, 175, 2, 9, 9, 255), padded(message(53, 1, 1, 93, 2, 0, 0, 255))},
		{"asked for", message(55, 3, 1, 175, 203, 255), padded(message(55, 2, 1, 203, 255))},
		{"pads stay", message(0, 53, 1, 1, 0, 255, 0, 0), padded(message(0, 53, 1, 1, 0, 255))},
		{"nothing to take", padded(message(60, 1, 'P', 255)), padded(message(60, 1, 'P', 255))},
		{"no end", message(53, 1, 1), padded(message(53, 1, 1))},
		{"cut off", message(53, 9, 1), message(53, 9, 1)},
		{"no length", message(53), message(53)},
		{"no DHCP", []byte("BOOTP"), []byte("BOOTP")},
	}
	for _, test := range tests {
		if got := withoutIPXE(test.in); !bytes.Equal(got, test.want) {
			t.Errorf("%s:\n% x\nwant\n% x", test.name, got[min(len(got), 236):], test.want[min(len(test.want), 236):])
		}
	}
}

func TestAnnouncementsPassAfterTheFirstFile(t *testing.T) {
	c := &announcementFilter{}
	request := datagramFrame(t, portDHCP, message(53, 1, 1, 77, 4, 'i', 'P', 'X', 'E', 255))
	changed := datagramFrame(t, portDHCP, padded(message(53, 1, 1, 255)))
	read := datagramFrame(t, portTFTP, []byte("\x00\x01loader\x00octet\x00"))
	step := func(what string, way Direction, in, want []byte) {
		t.Helper()
		if got := c.Frame(way, bytes.Clone(in)); !bytes.Equal(got, want) {
			t.Errorf("%s:\n% x\nwant\n% x", what, got, want)
		}
	}
	step("towards the machine", FromWire, request, request)
	step("request", ToWire, request, changed)
	step("request to a proxy", ToWire, datagramFrame(t, portPXE, message(175, 1, 1, 255)), datagramFrame(t, portPXE, padded(message(255))))
	step("first file", ToWire, read, read)
	step("what was loaded", ToWire, request, request)
	c.rearm()
	step("after a reset", ToWire, request, changed)
	step("ARP", ToWire, []byte{12: 8, 13: 6, 60: 0}, []byte{12: 8, 13: 6, 60: 0})
}

func FuzzAnnouncementFilter(f *testing.F) {
	f.Add(datagramFrame(f, portDHCP, message(53, 1, 1, 77, 1, 'x', 175, 0, 255)))
	f.Add(datagramFrame(f, portTFTP, []byte("\x00\x01x\x00octet\x00")))
	f.Fuzz(func(t *testing.T, frame []byte) {
		out := (&announcementFilter{}).Frame(ToWire, bytes.Clone(frame))
		if len(out) > len(frame)+minBOOTP {
			t.Errorf("%d bytes became %d", len(frame), len(out))
		}
		again := (&announcementFilter{}).Frame(ToWire, bytes.Clone(out))
		if !bytes.Equal(again, out) {
			t.Errorf("a second time changes more:\n% x\n% x", out, again)
		}
	})
}
