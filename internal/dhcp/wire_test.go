package dhcp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"

	"github.com/spurboot/spur/internal/dhcp"
)

// dnsmasq is another server on the same host or another.
func dnsmasq(t testing.TB, h *host, args ...string) *process {
	t.Helper()
	tool(t, "dnsmasq", "dnsmasq-base")
	all := append([]string{"--no-daemon", "--conf-file=/dev/null", "--port=0", "--log-dhcp", "--user=root",
		"--dhcp-leasefile=" + t.TempDir() + "/leases", "--pid-file="}, args...)
	var r *process
	if h != nil {
		r = launch(t, h.command("dnsmasq", all...))
	} else {
		r = launch(t, exec.Command("dnsmasq", all...))
	}
	r.says(t, "started")
	return r
}

// TestBesideDnsmasq listens on a host where dnsmasq has port 67, whichever came
// first: the client gets its address and its renewal from dnsmasq, we hear it
// all, and our own offer comes from port 67 too.
func TestBesideDnsmasq(t *testing.T) {
	for _, first := range []string{"dnsmasq", "spur"} {
		t.Run(first+" first", func(t *testing.T) {
			h := newHost(t)
			on := connect(t, h)
			var s *site
			if first == "spur" {
				s = listen(t, nil, on)
			}
			// To share a port that is taken, dnsmasq wants --bind-interfaces,
			// which libvirt and others give it.
			other := dnsmasq(t, nil, "--interface=spur0", "--bind-interfaces", "--dhcp-range=192.0.2.100,192.0.2.110", "--dhcp-authoritative", "--no-ping")
			if first == "dnsmasq" {
				s = listen(t, nil, on)
			}
			if s.Port67Taken != (first == "dnsmasq") {
				t.Errorf("port 67 taken: %v", s.Port67Taken)
			}
			client := udhcpc(t, h)
			client.says(t, "obtained from 192.0.2.1")
			other.says(t, "DHCPACK")
			_ = client.cmd.Process.Signal(syscall.SIGUSR1)
			eventually(t, "dnsmasq renews", func() bool { return strings.Count(other.String(), "DHCPACK") >= 2 })
			eventually(t, "we hear DISCOVER, REQUEST and renewal", func() bool { return len(s.seen()) >= 3 })
			sniffed := launch(t, h.command("tcpdump", "-nli", "eth0", "-c", "1", "udp", "src", "port", "67", "and", "not", "dst", "net", "192.0.2.0/24")) // dnsmasq's may come late
			sniffed.says(t, "listening")
			p := s.seen()[0].Packet
			if err := s.Send(p, &dhcpv4.DHCPv4{OpCode: 2, ClientHWAddr: p.Message.ClientHWAddr, Options: dhcpv4.Options{53: {2}}}); err != nil {
				t.Fatal(err)
			}
			sniffed.says(t, "192.0.2.1.67 > 255.255.255.255.68")
		})
	}
}

// TestNoPortUnreachable asks by unicast: an ICMP error would reach the client
// as "connection refused" on a later datagram.
func TestNoPortUnreachable(t *testing.T) {
	h := newHost(t)
	on := connect(t, h)
	h.sh(t, "ip addr add 192.0.2.2/24 dev eth0")
	ask := func(port string) string {
		out, _ := h.command("bash", "-c", "exec 3<>/dev/udp/192.0.2.1/"+port+"; for i in 1 2 3 4 5 6 7 8; do echo x >&3 || exit; sleep 0.05; done").CombinedOutput()
		return string(out)
	}
	eventually(t, "without a listener a datagram is refused", func() bool { return strings.Contains(ask("67"), "refused") })
	s := listen(t, nil, on)
	for _, port := range []string{"67", "4011"} {
		if out := ask(port); out != "" {
			t.Errorf("port %s: %s", port, out)
		}
	}
	eventually(t, "the datagrams are heard and found malformed", func() bool { return s.Counters().Malformed == 16 })
}

// pair makes two interfaces of this host that are one wire, and a function that
// sends frames into the second.
func pair(t testing.TB) (dhcp.Interface, func(frame []byte)) {
	t.Helper()
	sh(t, "ip link add spur0 type veth peer name spur1; ip addr add 192.0.2.1/24 dev spur0; ip link set spur0 up; ip link set spur1 up")
	t.Cleanup(func() { sh(t, "ip link del spur0") })
	ifi, err := net.InterfaceByName("spur1")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := packet.Listen(ifi, packet.Raw, 0x0800, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return lookup(t, "spur0")[0], func(frame []byte) {
		if _, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]}); err != nil {
			t.Fatal(err)
		}
	}
}

// frame is a DISCOVER with the transaction number n, as it is on the wire.
func frame(n byte, dst string, change func([]byte) []byte) []byte {
	m := ask(dhcpv4.MessageTypeDiscover).Message
	m.TransactionID = dhcpv4.TransactionID{0, 0, 0, n}
	to := netip.MustParseAddrPort(dst)
	b := dhcp.NewFrame(net.HardwareAddr(bytes.Repeat([]byte{255}, 6)), senderMAC, netip.MustParseAddrPort("0.0.0.0:68"), to, dhcp.Marshal(m))
	if change != nil {
		b = change(b)
	}
	return b
}

// TestListenerHears sends frames good and bad, and looks which come through.
func TestListenerHears(t *testing.T) {
	on, send := pair(t)
	s := listen(t, nil, on)
	at := func(i int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[i:], v); return b }
	}
	vlan := func(id byte) func([]byte) []byte {
		return func(b []byte) []byte { return append(append(bytes.Clone(b[:12]), 0x81, 0, 0, id), b[12:]...) }
	}
	resum := func(f func([]byte) []byte) func([]byte) []byte {
		return func(b []byte) []byte {
			b = f(b)
			b[24], b[25] = 0, 0
			var sum uint32
			for i := 14; i < 34; i += 2 {
				sum += uint32(binary.BigEndian.Uint16(b[i:]))
			}
			sum = sum&0xffff + sum>>16
			binary.BigEndian.PutUint16(b[24:], ^uint16(sum&0xffff+sum>>16))
			return b
		}
	}
	unicast := func(b []byte) []byte { copy(b, on.MAC); return b }
	for _, f := range [][]byte{
		frame(1, "255.255.255.255:67", nil),                                         // heard
		frame(2, "192.0.2.255:67", nil),                                             // heard
		frame(3, "192.0.2.1:67", unicast),                                           // heard
		frame(4, "192.0.2.1:4011", unicast),                                         // heard
		frame(5, "255.255.255.255:67", at(40, 0, 1)),                                // heard: UDP checksum of a veth
		frame(90, "255.255.255.255:68", nil),                                        // to clients
		frame(91, "192.0.2.1:67", at(0, 2, 0, 0, 0, 0, 77)),                         // another host's frame
		frame(6, "255.255.255.255:67", vlan(0)),                                     // heard: a priority
		frame(92, "255.255.255.255:67", vlan(5)),                                    // another VLAN's
		frame(93, "255.255.255.255:67", resum(at(20, 0x20, 0))),                     // a fragment
		frame(94, "192.0.2.77:67", unicast),                                         // routed through us: elsewhere
		frame(95, "255.255.255.255:67", at(24, 1, 2)),                               // malformed: IP checksum
		frame(96, "255.255.255.255:67", resum(at(16, 9, 9))),                        // malformed: lengths
		frame(97, "255.255.255.255:67", at(42, 2)),                                  // malformed: a reply
		frame(98, "255.255.255.255:67", func(b []byte) []byte { return b[:600/2] }), // malformed: cut off
		frame(7, "255.255.255.255:67", nil),                                         // heard, the last
	} {
		send(f)
	}
	eventually(t, "the last frame is heard", func() bool { return s.Counters().Received >= 7 })
	var heard []byte
	for _, h := range s.seen() {
		heard = append(heard, h.Message.TransactionID[3])
		if h.FromMAC.String() != senderMAC.String() || h.Server != addr("192.0.2.1") || h.Interface.Name != "spur0" {
			t.Errorf("packet: %+v", h.Packet)
		}
	}
	if want := []byte{1, 2, 3, 4, 5, 6, 7}; !bytes.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if c := s.Counters(); c.Malformed != 4 || c.Elsewhere != 1 || c.Duplicates != 0 {
		t.Errorf("counters: %+v", c)
	}
}

// TestListenerOnOneWireTwice listens with two interfaces on one wire: each
// request is one request.
func TestListenerOnOneWireTwice(t *testing.T) {
	port, send := pair(t)
	sh(t, "ip link add spurbr type bridge; ip link set spur0 master spurbr; ip link set spurbr up"+
		"; ip link add spur2 type veth peer name spur3; ip link set spur3 master spurbr; ip link set spur3 up; ip link set spur2 up"+
		"; ip addr add 192.0.2.3/24 dev spurbr; ip addr add 192.0.2.4/24 dev spur2")
	t.Cleanup(func() { sh(t, "ip link del spurbr; ip link del spur2") })
	if _, err := dhcp.Interfaces([]string{port.Name}); err == nil || !strings.Contains(err.Error(), "name spurbr") {
		t.Errorf("a bridge's port: %v", err)
	}
	for _, port := range []string{"spur0", "spur3"} {
		eventually(t, port+" forwards", func() bool { return strings.Contains(sh(t, "ip -d link show "+port), "state forwarding") })
	}
	s := listen(t, nil, lookup(t, "spurbr", "spur2")...)
	for n := range byte(5) {
		send(frame(n, "255.255.255.255:67", nil))
	}
	eventually(t, "all copies are heard", func() bool { c := s.Counters(); return c.Received+c.Duplicates == 10 })
	if c := s.Counters(); c.Received != 5 || c.Duplicates != 5 {
		t.Errorf("counters: %+v", c)
	}
}

// TestListenerEnds closes a listener that runs: Run ends too.
func TestListenerEnds(t *testing.T) {
	on, _ := pair(t)
	done := make(chan error, 1)
	l, err := dhcp.Listen([]dhcp.Interface{on}, dhcp.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- l.Run(context.Background(), func(dhcp.Packet) {}) }()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestInterfaces(t *testing.T) {
	on, _ := pair(t)
	sh(t, "ip link add spur2 type dummy 2>/dev/null || ip link add spur2 type bridge")
	t.Cleanup(func() { sh(t, "ip link del spur2") })
	for name, want := range map[string]string{
		"eth7":  `no interface "eth7"; there is lo`,
		"lo":    "loopback",
		"spur1": "ip addr add",
		"spur2": "ip link set spur2 up",
	} {
		if _, err := dhcp.Interfaces([]string{name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := lookup(t); len(all) != 1 || all[0].Name != "spur0" {
		t.Errorf("of itself: %v", all)
	}
	if all := lookup(t, "spur0", "spur0"); len(all) != 1 || all[0].Index != on.Index || all[0].Addrs[0] != netip.MustParsePrefix("192.0.2.1/24") {
		t.Errorf("twice: %v", all)
	}
	sh(t, "ip addr del 192.0.2.1/24 dev spur0")
	if _, err := dhcp.Interfaces(nil); err == nil || !strings.Contains(err.Error(), "spur0 has no IPv4 address") {
		t.Errorf("none: %v", err)
	}
}

// TestProbe looks for dnsmasq in both its roles, while this host's port 68 is
// taken.
func TestProbe(t *testing.T) {
	h := newHost(t)
	on := connect(t, h)
	h.sh(t, "ip addr add 192.0.2.2/24 dev eth0")
	client, err := net.ListenPacket("udp4", "0.0.0.0:68")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	self := listen(t, nil, on)

	for name, c := range map[string]struct {
		args  []string
		proxy bool
		addr  netip.Addr
	}{
		"server": {[]string{"--dhcp-range=192.0.2.100,192.0.2.100"}, false, addr("192.0.2.100")},
		"proxy":  {[]string{"--dhcp-range=192.0.2.0,proxy", "--pxe-service=x86-64_EFI,boot,boot.efi"}, true, netip.Addr{}},
	} {
		t.Run(name, func(t *testing.T) {
			dnsmasq(t, &h, append(c.args, "--interface=eth0")...)
			ctx := t.Context()
			if c.proxy {
				ctx = shortly(t)
			}
			all, err := dhcp.Probe(ctx, on)
			if err != nil || len(all) != 1 {
				t.Fatalf("got %v %v", all, err)
			}
			if a := all[0]; a.Server != addr("192.0.2.2") || a.Proxy != c.proxy || a.Offered != c.addr || a.Message == nil {
				t.Errorf("got %+v", a)
			}
		})
	}
	if all, err := dhcp.Probe(shortly(t), on); err != nil || len(all) != 0 {
		t.Errorf("a silent wire: %v %v", all, err)
	}
	if c := self.Counters(); c != (dhcp.Counters{}) {
		t.Errorf("we hear ourselves: %+v", c)
	}
}

// shortly is for a probe that needn't wait for a server's ping.
func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
	t.Cleanup(cancel)
	return ctx
}
