package dhcp_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

// twoNetworks is a listener on an interface with two networks; frames are sent
// into the wire by the function.
func twoNetworks(t *testing.T, chosen ...string) (*dhcp.Listener, chan dhcp.Packet, func([]byte)) {
	t.Helper()
	i, send := pair(t)
	sh(t, "ip addr add 198.51.100.1/24 dev spur0")
	i = lookup(t, i.Name)[0]
	l, err := dhcp.Listen([]dhcp.Interface{i}, dhcp.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range chosen {
		l.ServerAddrs = append(l.ServerAddrs, addr(a))
	}
	heard := make(chan dhcp.Packet, 16)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := l.Run(ctx, func(p dhcp.Packet) { heard <- p }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		all.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, heard, send
}

// onWire is a message as a client sends it, changed.
func onWire(n byte, kind dhcpv4.MessageType, to string, change ...func(*dhcp.Packet)) []byte {
	m := ask(kind, change...).Message
	m.TransactionID = dhcpv4.TransactionID{0, 0, 1, n}
	broadcast := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	return dhcp.NewFrame(broadcast, m.ClientHWAddr, netip.MustParseAddrPort("0.0.0.0:68"), netip.MustParseAddrPort(to), dhcp.Marshal(m))
}

// forged is a client's message as another one sends it.
func forged(b []byte) []byte {
	copy(b[6:12], senderMAC)
	return b
}

// offered is an offer of another server to clientMAC.
func offered(n byte, yiaddr string, mac net.HardwareAddr) []byte {
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootReply, HWType: 1, ClientHWAddr: mac, TransactionID: dhcpv4.TransactionID{0, 0, 2, n},
		YourIPAddr: ip4(yiaddr), Options: dhcpv4.Options{53: {byte(offer)}, 54: ip4("198.51.100.2")},
	}
	broadcast := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	return dhcp.NewFrame(broadcast, senderMAC, netip.MustParseAddrPort("198.51.100.2:67"), netip.MustParseAddrPort("255.255.255.255:68"), dhcp.Marshal(m))
}

func atOnce(f func()) bool {
	f()
	return true
}

// TestReach asks from an interface with two networks, and looks at which of
// the two addresses the client is told.
func TestReach(t *testing.T) {
	const first, second, all = "192.0.2.1", "198.51.100.1", "255.255.255.255:67"
	mine := func(p *dhcp.Packet) { p.Message.ClientHWAddr = []byte{2, 0, 0, 0, 0, 77} }
	for name, c := range map[string]struct {
		before [][]byte // what is on the wire before
		ask    []byte
		chosen []string
		want   string
	}{
		"nothing is known":           {nil, onWire(1, discover, all), nil, first},
		"its own address":            {nil, onWire(1, request, all, ciaddr("198.51.100.9")), nil, second},
		"the one that it had":        {nil, onWire(1, discover, all, wants("198.51.100.9")), nil, second},
		"one of somewhere else":      {nil, onWire(1, discover, all, wants("203.0.113.9")), nil, first},
		"offered before":             {[][]byte{offered(1, "198.51.100.9", clientMAC)}, onWire(1, discover, all), nil, second},
		"taken from another server":  {[][]byte{onWire(2, request, all, wants("198.51.100.9"), serverID("198.51.100.2"))}, onWire(1, discover, all), nil, second},
		"taken in its name":          {[][]byte{forged(onWire(2, request, all, wants("198.51.100.9"), serverID("198.51.100.2")))}, onWire(1, discover, all), nil, first},
		"others of the wire":         {[][]byte{offered(1, "198.51.100.9", net.HardwareAddr{2, 0, 0, 0, 0, 88})}, onWire(1, discover, all), nil, second},
		"its own before the others'": {[][]byte{offered(1, "198.51.100.9", net.HardwareAddr{2, 0, 0, 0, 0, 88}), offered(2, "192.0.2.9", clientMAC)}, onWire(1, discover, all), nil, first},
		"asked there":                {nil, onWire(1, request, "198.51.100.1:4011"), nil, second},
		"named by the client":        {nil, onWire(1, request, all, wants("192.0.2.9"), serverID("198.51.100.1")), nil, second},
		"by the relay's network":     {nil, onWire(1, discover, "192.0.2.1:67", giaddr("198.51.100.2")), nil, second},
		"by link selection":          {nil, onWire(1, discover, "192.0.2.1:67", giaddr("192.0.2.2"), option(82, append([]byte{5, 4}, ip4("198.51.100.0")...)...)), nil, second},
		"a relay from afar":          {nil, onWire(1, discover, "198.51.100.1:67", giaddr("203.0.113.1")), nil, second},
		"chosen by the operator":     {nil, onWire(1, discover, all, wants("192.0.2.9")), []string{second}, second},
		"both are chosen":            {nil, onWire(1, discover, all, wants("198.51.100.9")), []string{first, second}, second},
	} {
		t.Run(name, func(t *testing.T) {
			l, heard, send := twoNetworks(t, c.chosen...)
			for _, b := range c.before {
				send(b)
			}
			send(onWire(9, discover, all, mine)) // after which all before is known
			for p := range heard {
				if p.Message.ClientHWAddr[5] == 77 {
					break
				}
			}
			send(c.ask)
			if p := l.Reach(t.Context(), <-heard, atOnce); p.Server != addr(c.want) {
				t.Errorf("told %s, want %s", p.Server, c.want)
			}
		})
	}
}

// TestReachWaits has the other server's offer come after the question.
func TestReachWaits(t *testing.T) {
	l, heard, send := twoNetworks(t)
	send(onWire(1, discover, "255.255.255.255:67"))
	p := <-heard
	if p.Server != addr("192.0.2.1") {
		t.Errorf("guessed %s", p.Server)
	}
	send(offered(1, "198.51.100.9", clientMAC))
	if p = l.Reach(t.Context(), p, atOnce); p.Server != addr("198.51.100.1") {
		t.Errorf("told %s", p.Server)
	}
}

// TestReachWithoutAPlace has nobody wait where there is no place to.
func TestReachWithoutAPlace(t *testing.T) {
	l, heard, send := twoNetworks(t)
	send(onWire(1, discover, "255.255.255.255:67"))
	if p := l.Reach(t.Context(), <-heard, func(func()) bool { return false }); p.Server != addr("192.0.2.1") {
		t.Errorf("told %s", p.Server)
	}
}

// TestServerOnTwoNetworks gives addresses of the second network of an
// interface, of the first, and, with pools of both, of the one that the client
// knows.
func TestServerOnTwoNetworks(t *testing.T) {
	both := func(p *dhcp.Packet) {
		p.Interface.Addrs = append([]netip.Prefix{netip.MustParsePrefix("198.51.100.1/24")}, p.Interface.Addrs...)
		p.Server = addr("198.51.100.1")
	}
	near := dhcp.Pool{Prefix: netip.MustParsePrefix("198.51.100.0/24"), First: addr("198.51.100.10"), Last: addr("198.51.100.20")}
	for name, c := range map[string]struct {
		pools        []dhcp.Pool
		before       string // a lease that the client has
		change       func(*dhcp.Packet)
		yiaddr, ours string
	}{
		"the second":          {[]dhcp.Pool{pool()}, "", func(*dhcp.Packet) {}, "192.0.2.10", "192.0.2.1"},
		"the first":           {[]dhcp.Pool{near, pool()}, "", func(*dhcp.Packet) {}, "198.51.100.10", "198.51.100.1"},
		"the one it wants":    {[]dhcp.Pool{near, pool()}, "", wants("192.0.2.12"), "192.0.2.12", "192.0.2.1"},
		"the one that it has": {[]dhcp.Pool{near, pool()}, "192.0.2.11", func(*dhcp.Packet) {}, "192.0.2.11", "192.0.2.1"},
		"settled":             {[]dhcp.Pool{pool()}, "", func(p *dhcp.Packet) { p.Settled = true }, "192.0.2.10", "198.51.100.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, &leases.MemoryStore{}, func(sc *dhcp.ServerConfig) { sc.Pools = c.pools })
			if c.before != "" {
				if _, out := s.Handle(start, ask(request, both, wants(c.before), serverID("192.0.2.1"))); out.Step != dhcp.StepAck {
					t.Fatalf("%+v", out)
				}
			}
			got, out := s.Handle(start, ask(discover, both, c.change))
			if got == nil || !got.YourIPAddr.Equal(ip4(c.yiaddr)) || !got.ServerIdentifier().Equal(ip4(c.ours)) || out.Ours != addr(c.ours) {
				t.Fatalf("got %v, %+v", got, out)
			}
			got, out = s.Handle(start, ask(request, both, c.change, wants(c.yiaddr), serverID(c.ours)))
			if got == nil || got.MessageType() != ack || !got.ServerIdentifier().Equal(ip4(c.ours)) {
				t.Errorf("got %v, %+v", got, out)
			}
		})
	}
}
