package lab

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// listen opens a UDP socket on a host.
func listen(t *testing.T, h *Host, address string) *net.UDPConn {
	t.Helper()
	var conn *net.UDPConn
	err := h.Do(func() (err error) {
		addr, err := net.ResolveUDPAddr("udp", address)
		if err == nil {
			conn, err = net.ListenUDP("udp", addr)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A host on two wires forwards between them.
func TestTwoWires(t *testing.T) {
	_, l := start(t)
	left, right := wire(t, l, "left"), wire(t, l, "right")
	a := host(t, l, "a", On(left, "10.77.0.1/24"))
	router := host(t, l, "router", On(left, "10.77.0.254/24"), On(right, "10.78.0.254/24", "fd78::1/64"))
	b := host(t, l, "b", On(right, "10.78.0.1/24"))
	for _, err := range []error{router.Forward(), a.AddRoute("10.78.0.0/24", "10.77.0.254"), b.AddRoute("0.0.0.0/0", "10.78.0.254")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	from, to := listen(t, a, "10.77.0.1:1000"), listen(t, b, "10.78.0.1:1000")
	if _, err := from.WriteTo([]byte("over two wires"), to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	_ = to.SetReadDeadline(time.Now().Add(patience))
	n, who, err := to.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "over two wires" || who.String() != "10.77.0.1:1000" {
		t.Errorf("%q from %v, %v", buf[:n], who, err)
	}
}

func TestCommandRunsInHost(t *testing.T) {
	ctx, l := start(t)
	h := host(t, l, "host", On(wire(t, l, "wire"), "10.77.0.7/24"))
	out, err := h.Command(ctx, "ip", "-4", "-o", "addr", "show", "eth0").CombinedOutput()
	if err != nil || !contains(string(out), "10.77.0.7/24") {
		t.Errorf("%s, %v", out, err)
	}
	p := must[*Process](t)(h.Start("busybox", "sh", "-c", "echo said; exit 3"))
	if _, err := p.WaitFor(ctx, "^said"); err != nil {
		t.Error(err)
	}
	if err := p.Wait(ctx); err == nil || !contains(err.Error(), "exit status 3") || !contains(err.Error(), "| said") {
		t.Errorf("error %v", err)
	}
	if _, err := h.Start("no-such-program"); err == nil {
		t.Error("a program that is missing was started")
	}
}

// The capture has the packets between two hosts, with whole checksums.
func TestCapture(t *testing.T) {
	_, l := start(t)
	w := wire(t, l, "wire")
	a, b := host(t, l, "a", On(w, "10.77.0.1/24")), host(t, l, "b", On(w, "10.77.0.2/24"))
	capture := must[*Capture](t)(w.Capture("wire.pcap"))
	from, to := listen(t, a, "10.77.0.1:1000"), listen(t, b, "10.77.0.2:1000")
	if _, err := from.WriteTo([]byte("seen by the switch"), to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	_ = to.SetReadDeadline(time.Now().Add(patience))
	if _, _, err := to.ReadFrom(buf); err != nil {
		t.Fatal(err)
	}
	path := must[string](t)(capture.Stop())
	for _, frame := range frames(t, path) {
		d, ok := parseDatagram(frame)
		if ok && string(d.payload) == "seen by the switch" {
			if got := d.replace(d.payload); string(got) != string(frame) {
				t.Errorf("checksums are not those of the wire:\n% x\n% x", frame, got)
			}
			return
		}
	}
	t.Error("the datagram isn't in the capture")
}

func frames(t *testing.T, path string) [][]byte {
	t.Helper()
	f := must[*os.File](t)(os.Open(path))
	defer func() { _ = f.Close() }()
	r := must[*pcapgo.Reader](t)(pcapgo.NewReader(f))
	var all [][]byte
	for {
		data, _, err := r.ReadPacketData()
		if err != nil {
			return all
		}
		all = append(all, data)
	}
}

// A lossy cable loses about its share of what passes, in each direction.
func TestLossyHost(t *testing.T) {
	_, l := start(t)
	w := wire(t, l, "wire")
	share := 0.2
	near := host(t, l, "near", NIC{Wire: w, Addrs: []string{"10.77.0.1/24"}, Loss: Loss{Share: share, Seed: 1}})
	far := host(t, l, "far", On(w, "10.77.0.2/24"))
	a, b := listen(t, near, "10.77.0.1:1000"), listen(t, far, "10.77.0.2:1000")
	for name, pair := range map[string][2]*net.UDPConn{"to the wire": {a, b}, "from the wire": {b, a}} {
		const sent = 1000
		got := 0
		buf := make([]byte, 64)
		for i := range sent {
			if _, err := pair[0].WriteTo(fmt.Append(nil, i), pair[1].LocalAddr()); err != nil {
				t.Fatal(err)
			}
			// By turns, so that no queue overflows.
			_ = pair[1].SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			if _, _, err := pair[1].ReadFrom(buf); err == nil {
				got++
			}
		}
		// Five standard deviations, and some for a neighbour discovery.
		if lost := float64(sent-got) / sent; lost < share-0.07 || lost > share+0.09 {
			t.Errorf("%s: lost %.3f, want %.2f", name, lost, share)
		}
	}
}

func TestLossIsRepeatable(t *testing.T) {
	pattern := func(seed uint64, way Direction) string {
		f := newLoss(Loss{Share: 0.05, Seed: seed})
		lost := 0
		out := make([]byte, 10000)
		for i := range out {
			out[i] = '.'
			if f.Frame(way, []byte{1}) == nil {
				out[i] = 'x'
				lost++
			}
		}
		if lost < 400 || lost > 600 {
			t.Errorf("seed %d lost %d of %d", seed, lost, len(out))
		}
		return string(out)
	}
	first := pattern(1, ToWire)
	if again := pattern(1, ToWire); again != first {
		t.Error("the same seed loses other frames")
	}
	if first == pattern(2, ToWire) || first == pattern(1, FromWire) {
		t.Error("another seed or direction loses the same frames")
	}
}

// What the router says must be what gopacket reads as an advertisement.
func TestAdvertisement(t *testing.T) {
	p := gopacket.NewPacket(advertisement(), layers.LayerTypeEthernet, gopacket.Default)
	ra, ok := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
	if !ok || p.ErrorLayer() != nil {
		t.Fatalf("not an advertisement: %v", p)
	}
	if ra.Flags != 0 || ra.RouterLifetime != 0 || ra.HopLimit != 64 || len(ra.Options) != 1 {
		t.Errorf("%+v", ra)
	}
	icmp := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if got := checksum(t, p, icmp); got != icmp.Checksum {
		t.Errorf("checksum %#x, want %#x", icmp.Checksum, got)
	}
}

// checksum is gopacket's idea of an ICMPv6 checksum.
func checksum(t *testing.T, p gopacket.Packet, icmp *layers.ICMPv6) uint16 {
	t.Helper()
	again := *icmp
	if err := again.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true}, &again, gopacket.Payload(icmp.Payload))
	if err != nil {
		t.Fatal(err)
	}
	return again.Checksum
}
