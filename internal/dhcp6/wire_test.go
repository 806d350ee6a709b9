package dhcp6_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/lab"
)

// client is ISC's dhclient, told to ask as firmware does.
func dhclient(t testing.TB, h *lab.Host, mode ...string) *lab.Process {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	// dhclient's script sets addresses; this one only says what it was told.
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"REASON $reason\"; env | grep '^new_' | sort; echo DONE\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "conf")
	if err := os.WriteFile(config, []byte(`option dhcp6.boot-file-url code 59 = string;
option dhcp6.arch code 61 = integer 16;
send dhcp6.arch 7;
also request dhcp6.boot-file-url;
`), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-6", "-1", "-d", "-v", "-D", "LL", "-cf", config, "-lf", filepath.Join(dir, "leases"), "--no-pid", "-sf", script}, mode...)
	p, err := h.Start("dhclient", append(args, "eth0")...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func says(t testing.TB, p *lab.Process, pattern string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := p.WaitFor(ctx, pattern); err != nil {
		t.Fatalf("no %q: %v", pattern, err)
	}
}

// booting adds a boot file to what a server says.
func booting(s *dhcp6.Server) answering {
	return func(p dhcp6.Packet) (*dhcpv6.Message, dhcp6.Outcome) {
		reply, out := s.Handle(p.Time, p)
		if r := dhcp6.Read(p); reply != nil && r.IsBoot() {
			if err := dhcp6.Apply(reply, r, dhcp6.Boot{URL: "tftp://[" + out.Ours.String() + "]/x.efi"}); err != nil {
				out.Err = err
			}
		}
		return reply, out
	}
}

// TestDHClient takes an address, and gives it back.
func TestDHClient(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	client := newHost(t, l, "client", lab.On(wire))
	ready(t, client)
	s := listen(t, server, booting(newServer(t, dhcp6.ServerConfig{Authoritative: true}, pool("fd77::/64", "fd77::100", "fd77::1ff"))), "eth0")

	p := dhclient(t, client)
	says(t, p, `(?s)REASON BOUND6.*new_dhcp6_boot_file_url=.?tftp://\[fd77::1\]/x.efi.*new_dhcp6_name_servers=fd77::53.*new_ip6_address=fd77::100\n`)
	_ = p.Stop()
	// With another IAID it is the same machine.
	if mac := dhcp6.Read(s.packets()[0]).MAC; !strings.EqualFold(mac.String(), interfaces(t, client, "eth0")[0].MAC.String()) {
		t.Errorf("the client's hardware address was read as %s", mac)
	}
}

// TestInformation is a client that has its address by other means.
func TestInformation(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	client := newHost(t, l, "client", lab.On(wire))
	ready(t, client)
	listen(t, server, besides, "eth0")
	says(t, dhclient(t, client, "-S"), `(?s)new_dhcp6_boot_file_url=.?tftp://\[fd77::1\]/x.efi`)
}

// besides answers where another server gives addresses.
func besides(p dhcp6.Packet) (*dhcpv6.Message, dhcp6.Outcome) {
	reply, err := dhcp6.Offer(p, serverID, dhcp6.Boot{URL: "tftp://[" + p.Server.String() + "]/x.efi"})
	return reply, dhcp6.Outcome{Err: err}
}

// TestRelay is a client behind ISC's relay, on another network.
func TestRelay(t *testing.T) {
	l := newLab(t)
	near, far := newWire(t, l, "near"), newWire(t, l, "far")
	server := newHost(t, l, "server", lab.On(far, "fd77::1/64"))
	relay := newHost(t, l, "relay", lab.On(far, "fd77::2/64"), lab.On(near, "fd78::2/64"))
	client := newHost(t, l, "client", lab.On(near))
	ready(t, client)
	interfaces(t, relay, "eth0", "eth1")
	s := listen(t, server, booting(newServer(t, dhcp6.ServerConfig{}, pool("fd78::/64", "fd78::100", "fd78::1ff"))), "eth0")
	// The port takes the place of a random one in its interface-id.
	r, err := relay.Start("dhcrelay", "-6", "-d", "--no-pid", "-I", "-l", "eth1", "-u", "fd77::1%eth0")
	if err != nil {
		t.Fatal(err)
	}
	says(t, r, "Sending on")
	says(t, dhclient(t, client), `(?s)REASON BOUND6.*new_ip6_address=fd78::100\n`)
	p := s.packets()[0]
	if len(p.Relays) != 1 || p.Relays[0].InterfaceID == nil || p.Relay() != netip.MustParseAddr("fd77::2") {
		t.Errorf("relays: %+v from %s", p.Relays, p.From)
	}
	if mac := dhcp6.Read(p).MAC.String(); mac != interfaces(t, client, "eth0")[0].MAC.String() {
		t.Errorf("the card is %s", mac)
	}
}

// TestSharedPort: another server of this host has port 547 already, or is
// started later. Clients are heard by both; the other one keeps its own.
func TestSharedPort(t *testing.T) {
	for _, first := range []string{"dnsmasq first", "we first"} {
		t.Run(first, func(t *testing.T) {
			l := newLab(t)
			wire := newWire(t, l, "wire")
			server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
			client := newHost(t, l, "client", lab.On(wire))
			ready(t, client)
			ready(t, server)
			var s *station
			if first == "we first" {
				s = listen(t, server, besides, "eth0")
			}
			dnsmasq(t, server)
			if s == nil {
				s = listen(t, server, besides, "eth0")
			}
			if taken := s.Taken(); (len(taken) == 1) != (first == "dnsmasq first") {
				t.Errorf("taken: %v", taken)
			}
			says(t, dhclient(t, client), `(?s)REASON BOUND6.*new_ip6_address=fd77::5.*\n`)
			eventually(t, "we heard it too", func() bool { return len(s.packets()) > 0 })
		})
	}
}

func dnsmasq(t testing.TB, h *lab.Host, args ...string) {
	t.Helper()
	args = append([]string{
		"--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0", "--interface=eth0", "--bind-dynamic", "--pid-file=", "--log-dhcp",
		"--dhcp-range=fd77::50,fd77::59,64", "--dhcp-leasefile=" + filepath.Join(t.TempDir(), "leases"),
	}, args...)
	p, err := h.Start("dnsmasq", args...)
	if err != nil {
		t.Fatal(err)
	}
	says(t, p, "DHCPv6, IP range")
}

// TestFollows: an interface that is removed and made again under its name is
// heard again.
func TestFollows(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	client := newHost(t, l, "client", lab.On(wire))
	ready(t, client)
	s := listen(t, server, booting(newServer(t, dhcp6.ServerConfig{Authoritative: true}, pool("fd78::/64", "fd78::100", "fd78::1ff"))), "eth0")
	before := s.Interfaces()[0].Index
	// A second network on the same wire, by an interface on top.
	sh(t, server, "ip link add mac0 link eth0 type macvlan mode bridge && ip link set mac0 up && ip addr add fd78::1/64 dev mac0 nodad")
	for range 2 {
		on := interfaces(t, server, "mac0")
		if err := server.Do(func() error { return s.Set(on) }); err != nil {
			t.Fatal(err)
		}
		if all := s.Interfaces(); len(all) != 1 || all[0].Index == before {
			t.Fatalf("listening on %v", all)
		}
		before = on[0].Index
		p := dhclient(t, client)
		says(t, p, `(?s)REASON BOUND6.*new_ip6_address=fd78::100\n`)
		_ = p.Stop()
		sh(t, server, "ip link del mac0 && ip link add mac0 link eth0 type macvlan mode bridge && ip link set mac0 up && ip addr add fd78::1/64 dev mac0 nodad")
	}
}

func sh(t testing.TB, h *lab.Host, script string) string {
	t.Helper()
	out, err := h.Command(t.Context(), "sh", "-ec", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// TestRouter has a kernel take what it advertises, unasked and asked, and ends
// with the word that it is no router any more.
func TestRouter(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	early := newHost(t, l, "early", lab.On(wire))
	ready(t, early)
	r := dhcp6.NewRouter(func(dhcp6.Interface) (dhcp6.Advertisement, bool) {
		return dhcp6.Advertisement{Managed: true, Prefix: netip.MustParsePrefix("fd77::/64"), Autonomous: true, RouterLifetime: time.Hour}, true
	}, func(iface string, err error) { t.Errorf("%s: %v", iface, err) })
	defer r.Close()
	on := interfaces(t, server, "eth0")
	for range 2 { // the second changes nothing
		if err := server.Do(func() error { return r.Set(on) }); err != nil {
			t.Fatal(err)
		}
	}
	configured := func(h *lab.Host) func() bool {
		return func() bool {
			return strings.Contains(sh(t, h, "ip -6 addr show dev eth0"), "inet6 fd77::") && strings.Contains(sh(t, h, "ip -6 route"), "default via")
		}
	}
	eventually(t, "a host that was there before has an address", configured(early))
	late := newHost(t, l, "late", lab.On(wire))
	eventually(t, "a host that asks has an address", configured(late))
	r.Close()
	eventually(t, "the route has gone", func() bool { return !strings.Contains(sh(t, early, "ip -6 route"), "default via") })
}

// TestBootPort sends what edk2 sends beside another server, from the addresses
// that it sends from: the advertisement comes to the link-local one, and the
// reply on port 4011 from where it was asked, for the card that is known by then.
func TestBootPort(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64", "fd77::3/64"))
	client := newHost(t, l, "client", lab.On(wire, "fd77::52/64"))
	on := interfaces(t, client, "eth0")[0]
	s := listen(t, server, besides, "eth0")
	for _, c := range []struct {
		from, to string
		port     uint16
		kind     dhcpv6.MessageType
	}{
		{"[" + on.LinkLocal.String() + "%" + strconv.Itoa(on.Index) + "]:546", "[ff02::1:2%" + strconv.Itoa(on.Index) + "]:547", 547, dhcpv6.MessageTypeSolicit},
		{"[fd77::52]:4011", "[fd77::1]:4011", 4011, dhcpv6.MessageTypeRequest},
		{"[fd77::52]:4011", "[fd77::3]:4011", 4011, dhcpv6.MessageTypeRequest},
	} {
		reply, from := exchange(t, client, c.from, c.to, sentBeside(t, c.port, c.kind))
		m, err := dhcpv6.MessageFromBytes(reply)
		asked := netip.MustParseAddrPort(c.to)
		if err != nil || !strings.HasPrefix(m.Options.BootFileURL(), "tftp://[fd77::") || from.Port() != c.port || !asked.Addr().IsMulticast() && from != asked {
			t.Errorf("port %d: %v from %s, %v", c.port, m, from, err)
		}
	}
	for _, p := range s.packets() {
		if mac := dhcp6.Read(p).MAC.String(); mac != on.MAC.String() {
			t.Errorf("port %d: the card is %s, not %s", p.Port, mac, on.MAC)
		}
	}
}

// sentBeside is what edk2's boot driver sent beside another server.
func sentBeside(t *testing.T, port uint16, kind dhcpv6.MessageType) []byte {
	t.Helper()
	for _, r := range requestsOf(t, "testdata/captures/edk2-x64-beside.pcap") {
		m, _, err := dhcp6.Parse(r.payload)
		if err == nil && r.port == port && m.MessageType == kind && len(m.Options.ArchTypes()) > 0 {
			return r.payload
		}
	}
	t.Fatalf("no %s to port %d was captured", kind, port)
	return nil
}

// TestBootPortBeforeItListens asks once, and listens a while later, as edk2 does.
func TestBootPortBeforeItListens(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	client := newHost(t, l, "client", lab.On(wire, "fd77::52/64"))
	ready(t, client)
	s := listen(t, server, besides, "eth0")
	bound := func() *net.UDPConn {
		var conn *net.UDPConn
		err := client.Do(func() (err error) {
			conn, err = net.ListenUDP("udp6", &net.UDPAddr{IP: net.ParseIP("fd77::52"), Port: dhcp6.BootPort})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	asking := bound()
	if _, err := asking.WriteToUDPAddrPort(sentBeside(t, dhcp6.BootPort, dhcpv6.MessageTypeRequest), netip.MustParseAddrPort("[fd77::1]:4011")); err != nil {
		t.Fatal(err)
	}
	asking.Close()
	time.Sleep(20 * time.Millisecond)
	hearing := bound()
	defer hearing.Close()
	if err := hearing.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := hearing.ReadFromUDPAddrPort(make([]byte, 1500)); err != nil {
		t.Errorf("no reply to %d requests: %v", len(s.packets()), err)
	}
}

// exchange sends a packet until something comes back.
func exchange(t *testing.T, h *lab.Host, from, to string, b []byte) ([]byte, netip.AddrPort) {
	t.Helper()
	var conn *net.UDPConn
	err := h.Do(func() (err error) {
		conn, err = net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 1500)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if _, err := conn.WriteToUDPAddrPort(b, netip.MustParseAddrPort(to)); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, peer, err := conn.ReadFromUDPAddrPort(buf); err == nil {
			return buf[:n], peer
		}
	}
	t.Fatalf("no answer from %s", to)
	return nil, netip.AddrPort{}
}

// TestPortHeld: a server of this host that shares nothing is named, and what
// else can be heard is heard.
func TestPortHeld(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	on := interfaces(t, server, "eth0")
	var other *net.UDPConn
	err := server.Do(func() (err error) {
		other, err = net.ListenUDP("udp6", &net.UDPAddr{Port: dhcp6.ServerPort})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := dhcp6.NewListener(dhcp6.Hooks{})
	defer s.Close()
	err = server.Do(func() error { return s.Set(on) })
	if err == nil || !strings.Contains(err.Error(), "has UDP port 547 of interface eth0 for itself") {
		t.Errorf("port 547 is taken: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Do(func() error { return s.Set(on) }); err != nil || len(s.Interfaces()) != 1 {
		t.Errorf("the port is free again: %v, %v", s.Interfaces(), err)
	}
}

// TestForgedClients: replies to clients that don't exist wait in the kernel, which
// looks for them, and nobody waits for that.
func TestForgedClients(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	server := newHost(t, l, "server", lab.On(wire, "fd77::1/64"))
	client := newHost(t, l, "client", lab.On(wire))
	ready(t, client)
	s := listen(t, server, booting(newServer(t, dhcp6.ServerConfig{Authoritative: true}, pool("fd77::/64", "fd77::100", "fd77::1ff"))), "eth0")

	forged := heard(message(dhcpv6.MessageTypeSolicit, 1, association(1)))
	forged.Interface = interfaces(t, server, "eth0")[0]
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 20_000 {
			forged.From = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: 2, 14: byte(n >> 8), 15: byte(n)}), 546)
			_ = s.Send(forged, forged.Message) // what doesn't fit is dropped
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("sending waits for clients that don't exist")
	}
	p := dhclient(t, client)
	says(t, p, `REASON BOUND6`)
	_ = p.Stop()
}
