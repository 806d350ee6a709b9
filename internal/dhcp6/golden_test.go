package dhcp6_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/golden"
)

// request is one of a capture.
type request struct {
	file    string
	port    uint16
	from    netip.AddrPort
	payload []byte
}

// captured are the requests of all captures, without those that a client
// repeated.
func captured(t testing.TB) []request {
	t.Helper()
	files, err := filepath.Glob("testdata/captures/*.pcap")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures under testdata/captures: %v", err)
	}
	var all []request
	for _, file := range files {
		all = append(all, requestsOf(t, file)...)
	}
	return all
}

func requestsOf(t testing.TB, file string) []request {
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
	var all []request
	known := map[string]bool{}
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p := gopacket.NewPacket(data, r.LinkType(), gopacket.Default)
		udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
		ip, ok6 := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
		if !ok || !ok6 || udp.DstPort != dhcp6.ServerPort && udp.DstPort != dhcp6.BootPort || len(udp.Payload) < 4 {
			continue
		}
		src, _ := netip.AddrFromSlice(ip.SrcIP)
		m, _, err := dhcp6.Parse(udp.Payload)
		if err != nil || udp.DstPort == dhcp6.BootPort && m.MessageType == dhcpv6.MessageTypeReply {
			continue
		}
		// Repetitions have the transaction and type of the first one, and a relay
		// sends the same to all servers.
		key := fmt.Sprintf("%d %d %x", udp.DstPort, m.MessageType, m.TransactionID)
		if known[key] {
			continue
		}
		known[key] = true
		all = append(all, request{file, uint16(udp.DstPort), netip.AddrPortFrom(src, uint16(udp.SrcPort)), bytes.Clone(udp.Payload)})
	}
}

func bootFor(r dhcp6.Request) dhcp6.Boot {
	switch {
	case r.IPXE:
		return dhcp6.Boot{URL: "http://[fd77::1]/k3/boot.ipxe"}
	case r.Class == dhcp6.HTTPClient:
		return dhcp6.Boot{URL: "http://[fd77::1]/k3/boot.efi"}
	}
	return dhcp6.Boot{URL: "tftp://[fd77::1]/k3/snponly.efi"}
}

// TestGolden keeps what is read from real firmware, and byte for byte what it
// is answered.
func TestGolden(t *testing.T) {
	texts := map[string]*strings.Builder{}
	for _, s := range captured(t) {
		if texts[s.file] == nil {
			texts[s.file] = &strings.Builder{}
		}
		story(t, texts[s.file], s)
	}
	for file, text := range texts {
		name := strings.TrimSuffix(filepath.Base(file), ".pcap") + ".txt"
		golden.File(t, filepath.Join("testdata", "golden", name), text.String())
	}
}

// story writes a request as it is read and the replies that it would get.
func story(t *testing.T, w io.Writer, s request) {
	m, relays, err := dhcp6.Parse(s.payload)
	if err != nil {
		t.Fatal(err)
	}
	p := heard(m)
	p.Relays, p.Port, p.From = relays, s.port, s.from
	r := dhcp6.Read(p)
	fmt.Fprintf(w, "=== %s to port %d, %d bytes\n", r.Type, s.port, len(s.payload))
	fmt.Fprintf(w, "mac %s  duid %x  uuid %x %v\n", r.MAC, r.DUID, r.UUID, r.HasUUID)
	fmt.Fprintf(w, "class %q  class id %q  user class %q  ipxe %v  boot %v\n", r.Class, r.ClassID, r.UserClass, r.IPXE, r.IsBoot())
	fmt.Fprintf(w, "archs %v  ndi %v  requested %v\n\n", r.Archs, r.NDI, r.Requested)
	if dhcp6.Proxied(p, r) {
		toUsOnly(m)
		reply, err := dhcp6.Offer(p, serverID, bootFor(r))
		if err != nil {
			t.Fatal(err)
		}
		show(w, "beside another server", p, reply)
	}
	if s.port == dhcp6.ServerPort {
		served(t, w, p, r)
	}
}

// toUsOnly has a message to the server of the capture be one to ours.
func toUsOnly(m *dhcpv6.Message) {
	if m.Options.ServerID() != nil {
		m.UpdateOption(toUs())
	}
}

func served(t *testing.T, w io.Writer, p dhcp6.Packet, r dhcp6.Request) {
	toUsOnly(p.Message)
	s := newServer(t, dhcp6.ServerConfig{Authoritative: true}, pool("fd77::/64", "fd77::100", "fd77::1ff"))
	reply, out := s.Handle(noon, p)
	if reply == nil {
		fmt.Fprintf(w, "--- as the address server: %s, %s\n\n", out.Step, out.Reason)
		return
	}
	if r.IsBoot() && (out.Step == dhcp6.StepAdvertise || out.Step == dhcp6.StepReply || out.Step == dhcp6.StepInform) {
		if err := dhcp6.Apply(reply, r, bootFor(r)); err != nil {
			t.Fatal(err)
		}
	}
	show(w, "as the address server", p, reply)
}

func show(w io.Writer, title string, p dhcp6.Packet, reply *dhcpv6.Message) {
	b := dhcp6.Marshal(p, reply)
	fmt.Fprintf(w, "--- %s: %s to %s, %d bytes\n%s\n", title, reply.MessageType, dhcp6.Destination(p), len(b), hex.Dump(b))
}
