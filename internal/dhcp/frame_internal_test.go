package dhcp

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
)

var (
	macA = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	macB = net.HardwareAddr{2, 0, 0, 0, 0, 2}
	srcA = netip.MustParseAddrPort("192.0.2.1:67")
	dstB = netip.MustParseAddrPort("192.0.2.9:68")
)

func TestFrame(t *testing.T) {
	for _, payload := range [][]byte{nil, {1}, bytes.Repeat([]byte{0xab}, 301)} {
		b := newFrame(macB, macA, srcA, dstB, payload)
		d, err := openFrame(append(b, 0, 0, 0)) // Ethernet pads short frames
		if err != nil {
			t.Fatal(err)
		}
		if d.src != srcA || d.dst != dstB || d.mac.String() != macA.String() || !bytes.Equal(d.payload, payload) {
			t.Errorf("got %+v", d)
		}
		// A receiver that checks sums the datagram, with its checksum, to 0.
		if got := udpChecksum(b[etherHeader:]); got != 0xffff {
			t.Errorf("UDP checksum is off by %#x", got)
		}
	}
}

func TestFrameRefuses(t *testing.T) {
	sum := func(b []byte) []byte { // makes the header's checksum right again
		ip := b[etherHeader:]
		ip[10], ip[11] = 0, 0
		c := checksum(0, ip[:ipHeader])
		ip[10], ip[11] = byte(c>>8), byte(c)
		return b
	}
	good := func() []byte { return newFrame(macB, macA, srcA, dstB, []byte("hello")) }
	set := func(at int, v byte) []byte { b := good(); b[at] = v; return b }
	for name, b := range map[string][]byte{
		"short": good()[:30], "VLAN": set(12, 0x81), "IPv6": sum(set(14, 0x65)), "short header": sum(set(14, 0x44)),
		"long header": sum(set(14, 0x4f)), "total too long": sum(set(16, 9)), "total too short": sum(set(17, 20)),
		"fragment": sum(set(20, 0x20)), "TCP": sum(set(23, 6)), "checksum": set(22, 1),
		"UDP too long": set(etherHeader+ipHeader+5, 200), "UDP too short": set(etherHeader+ipHeader+5, 7),
	} {
		if d, err := openFrame(b); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(newFrame(macB, macA, srcA, dstB, []byte("hello")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := openFrame(b); err == nil && len(d.payload) > len(b) {
			t.Errorf("a payload of %d in %d bytes", len(d.payload), len(b))
		}
	})
}
