package pxe_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/pxe"
)

// seen is a request of a capture.
type seen struct {
	port    uint16
	payload []byte
}

// requests reads the DHCP requests of a capture, without those that a client
// repeated: same port, same type, same class.
func requests(t testing.TB, file string) []seen {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var all []seen
	known := map[string]bool{}
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		udp, ok := gopacket.NewPacket(data, r.LinkType(), gopacket.Default).Layer(layers.LayerTypeUDP).(*layers.UDP)
		if !ok || udp.DstPort != dhcp.ServerPort && udp.DstPort != dhcp.BootPort {
			continue
		}
		m, err := dhcp.Parse(udp.Payload)
		if err != nil {
			t.Fatalf("%s: a packet of real firmware: %v", file, err)
		}
		key := fmt.Sprint(udp.DstPort, m.MessageType(), m.ClassIdentifier())
		if m.OpCode == dhcpv4.OpcodeBootRequest && !known[key] {
			known[key] = true
			all = append(all, seen{uint16(udp.DstPort), bytes.Clone(udp.Payload)})
		}
	}
}

func captures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/captures/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures under testdata/captures: %v", err)
	}
	return files
}

// TestGolden keeps what is read from real firmware, and byte for byte what it
// is answered.
func TestGolden(t *testing.T) {
	for _, file := range captures(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".pcap")
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for _, s := range requests(t, file) {
				story(t, &text, s)
			}
			golden.File(t, filepath.Join("testdata", "golden", name+".txt"), text.String())
		})
	}
}

// story writes a request as it is read and the replies that it would get.
func story(t *testing.T, w io.Writer, s seen) {
	m, err := dhcp.Parse(s.payload)
	if err != nil {
		t.Fatal(err)
	}
	r := pxe.Read(m)
	fmt.Fprintf(w, "=== %s to port %d, %d bytes\n", m.MessageType(), s.port, len(s.payload))
	describe(w, r)
	if !r.IsBoot() {
		fmt.Fprint(w, "\nno boot request: no boot offer\n\n")
		return
	}
	boot := bootFor(r)
	if pxe.Proxied(s.port, m.MessageType()) {
		answer := pxe.Offer
		if s.port == pxe.BootPort {
			answer = pxe.Answer
		}
		reply, err := answer(m, boot)
		if err != nil {
			t.Fatal(err)
		}
		show(t, w, "a proxy's reply", reply)
	}
	if s.port == pxe.ServerPort {
		show(t, w, "a DHCP server's reply", served(t, m, boot))
	}
}

func describe(w io.Writer, r pxe.Request) {
	fmt.Fprintf(w, "mac %s  speaker %q  class %q  boot %v\n", r.MAC, r.Speaker, r.Class, r.IsBoot())
	fmt.Fprintf(w, "class id %q  user class %q\n", r.ClassID, r.UserClass)
	fmt.Fprintf(w, "uuid %x %v  archs %v  ndi %v\n", r.UUID, r.HasUUID, r.Archs, r.NDI)
	fmt.Fprintf(w, "requested %v\n", r.Requested)
	if r.IPXE != nil {
		fmt.Fprintf(w, "ipxe %+v\n", *r.IPXE)
	}
}

var ourAddr = netip.MustParseAddr("10.77.0.1")

func bootFor(r pxe.Request) pxe.Boot {
	b := pxe.Boot{Server: ourAddr, File: "k3/snponly.efi"}
	switch {
	case r.IPXE != nil:
		b.File, b.RootPath = "http://10.77.0.1/k3/boot.ipxe", "iscsi:10.77.0.1::::iqn.2026-01.org.example:disk"
	case r.Class == pxe.HTTPClient:
		b.File = "http://10.77.0.1/k3/boot.efi"
	case r.Arch().BIOS():
		b.File = "k3/undionly.kpxe"
	}
	return b
}

// served is the reply of a DHCP server of ours, with what to boot.
func served(t *testing.T, m *dhcpv4.DHCPv4, b pxe.Boot) *dhcpv4.DHCPv4 {
	t.Helper()
	wire := netip.PrefixFrom(ourAddr, 24)
	s, err := dhcp.NewServer(dhcp.ServerConfig{Store: &leases.MemoryStore{}, Pools: []dhcp.Pool{{
		Prefix: wire, First: netip.MustParseAddr("10.77.0.89"), Last: netip.MustParseAddr("10.77.0.99"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	reply, out := s.Handle(time.Unix(1e9, 0), dhcp.Packet{
		Message: m, Port: dhcp.ServerPort, Server: ourAddr,
		Interface: dhcp.Interface{Addrs: []netip.Prefix{wire}},
	})
	if reply == nil {
		t.Fatalf("no reply: %+v", out)
	}
	if err := pxe.Apply(reply, m, b); err != nil {
		t.Fatal(err)
	}
	return reply
}

// show writes a reply decoded from the bytes that would be sent, and the bytes.
func show(t *testing.T, w io.Writer, title string, reply *dhcpv4.DHCPv4) {
	t.Helper()
	b := dhcp.Marshal(reply)
	m, err := dhcp.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, "\n--- %s: %s, %d bytes\n", title, m.MessageType(), len(b))
	fmt.Fprintf(w, "flags %#04x  ciaddr %s  yiaddr %s  siaddr %s  giaddr %s\n", m.Flags, m.ClientIPAddr, m.YourIPAddr, m.ServerIPAddr, m.GatewayIPAddr)
	fmt.Fprintf(w, "sname %q  file %q\n", m.ServerHostName, m.BootFileName)
	var codes []int
	for code := range m.Options {
		codes = append(codes, int(code))
	}
	slices.Sort(codes)
	for _, code := range codes {
		fmt.Fprintf(w, "option %d: %s\n", code, value(m.Options[uint8(code)]))
	}
	fmt.Fprintln(w, hex.Dump(b))
}

func value(v []byte) string {
	for _, c := range v {
		if c < ' ' || c > '~' {
			return hex.EncodeToString(v)
		}
	}
	return fmt.Sprintf("%q", v)
}
