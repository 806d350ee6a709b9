package dhcp_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

const (
	discover = dhcpv4.MessageTypeDiscover
	request  = dhcpv4.MessageTypeRequest
	offer    = dhcpv4.MessageTypeOffer
	ack      = dhcpv4.MessageTypeAck
	nak      = dhcpv4.MessageTypeNak
)

func newServer(t testing.TB, store leases.Store, change ...func(*dhcp.ServerConfig)) *dhcp.Server {
	t.Helper()
	c := dhcp.ServerConfig{Store: store, Pools: []dhcp.Pool{pool()}}
	for _, f := range change {
		f(&c)
	}
	s, err := dhcp.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wants(a string) func(*dhcp.Packet)    { return option(50, ip4(a)...) }
func serverID(a string) func(*dhcp.Packet) { return option(54, ip4(a)...) }

func another(p *dhcp.Packet) {
	p.Message.ClientHWAddr = []byte{2, 2, 2, 2, 2, 2}
}

// exchange lets a client have an address.
func exchange(t *testing.T, s *dhcp.Server, change ...func(*dhcp.Packet)) *dhcpv4.DHCPv4 {
	t.Helper()
	got, out := s.Handle(start, ask(discover, change...))
	if got == nil || got.MessageType() != offer {
		t.Fatalf("no offer: %+v", out)
	}
	change = append(change, wants(got.YourIPAddr.String()), serverID(ourAddr.String()))
	got, out = s.Handle(start, ask(request, change...))
	if got == nil || got.MessageType() != ack || out.Step != dhcp.StepAck {
		t.Fatalf("no ack: %+v", out)
	}
	return got
}

func TestServerExchange(t *testing.T) {
	store := &leases.MemoryStore{}
	s := newServer(t, store, func(c *dhcp.ServerConfig) {
		c.Pools[0].Router, c.Pools[0].DNS, c.Pools[0].Domain = []netip.Addr{addr("192.0.2.254")}, []netip.Addr{addr("9.9.9.9"), addr("8.8.8.8")}, "lab.example"
	})
	got := exchange(t, s, option(61, 1, 2, 3), option(12, []byte("node\n1")...))
	for code, want := range map[uint8]string{
		1: "\xff\xff\xff\x00", 3: "\xc0\x00\x02\xfe", 6: "\x09\x09\x09\x09\x08\x08\x08\x08", 15: "lab.example",
		51: "\x00\x00\x0e\x10", 54: "\xc0\x00\x02\x01", 58: "\x00\x00\x07\x08", 59: "\x00\x00\x0c\x4e", 61: "\x01\x02\x03",
	} {
		if v := string(got.Options[code]); v != want {
			t.Errorf("option %d is %q, want %q", code, v, want)
		}
	}
	want := leases.Lease{Addr: addr("192.0.2.10"), Holder: leases.Holder{Client: "010203"}, MAC: "52:54:00:12:34:56", Host: "node1", State: leases.Bound, Expires: start.Add(time.Hour)}
	if all, _ := store.All(); len(all) != 1 || all[0] != want {
		t.Errorf("stored %+v, want %+v", all, want)
	}
	// A ROM without option 61 and a system with the usual one are one client.
	rom := exchange(t, newServer(t, store), another)
	if os := exchange(t, newServer(t, store), another, option(61, 1, 2, 2, 2, 2, 2, 2)); !os.YourIPAddr.Equal(rom.YourIPAddr) {
		t.Errorf("first %s, then %s", rom.YourIPAddr, os.YourIPAddr)
	}
	plain := exchange(t, newServer(t, &leases.MemoryStore{}))
	if plain.Options.Has(dhcpv4.OptionRouter) || plain.Options.Has(dhcpv4.OptionDomainNameServer) {
		t.Error("a router or name server that nobody named")
	}
}

// TestServerRequest goes through RFC 2131 section 4.3.2. The client with
// clientMAC has 192.0.2.10.
func TestServerRequest(t *testing.T) {
	for name, c := range map[string]struct {
		req    []func(*dhcp.Packet)
		want   dhcpv4.MessageType // 0 is silence
		reason string
	}{
		"SELECTING":                            {[]func(*dhcp.Packet){wants("192.0.2.10"), serverID("192.0.2.1")}, ack, ""},
		"SELECTING without option 50":          {[]func(*dhcp.Packet){serverID("192.0.2.1")}, ack, ""},
		"SELECTING without an offer":           {[]func(*dhcp.Packet){another, serverID("192.0.2.1")}, nak, "no address was offered"},
		"SELECTING, forgotten but free":        {[]func(*dhcp.Packet){another, wants("192.0.2.11"), serverID("192.0.2.1")}, ack, ""},
		"SELECTING another's address":          {[]func(*dhcp.Packet){another, wants("192.0.2.10"), serverID("192.0.2.1")}, nak, "bound"},
		"SELECTING another server":             {[]func(*dhcp.Packet){wants("192.0.2.200"), serverID("192.0.2.2")}, 0, "chose the server 192.0.2.2"},
		"INIT-REBOOT":                          {[]func(*dhcp.Packet){wants("192.0.2.10")}, ack, ""},
		"INIT-REBOOT, wrong address":           {[]func(*dhcp.Packet){wants("192.0.2.11")}, nak, "address is 192.0.2.10"},
		"INIT-REBOOT, wrong network":           {[]func(*dhcp.Packet){wants("10.0.0.1")}, nak, "another network"},
		"INIT-REBOOT, unknown client":          {[]func(*dhcp.Packet){another, wants("192.0.2.11")}, 0, "no lease is known"},
		"INIT-REBOOT, unknown, wrong net":      {[]func(*dhcp.Packet){another, wants("10.0.0.1")}, nak, "another network"},
		"RENEWING":                             {[]func(*dhcp.Packet){ciaddr("192.0.2.10"), toUs}, ack, ""},
		"RENEWING, forgotten":                  {[]func(*dhcp.Packet){another, ciaddr("192.0.2.11"), toUs}, ack, ""},
		"RENEWING another's address":           {[]func(*dhcp.Packet){another, ciaddr("192.0.2.10"), toUs}, nak, "bound"},
		"REBINDING":                            {[]func(*dhcp.Packet){ciaddr("192.0.2.10")}, ack, ""},
		"REBINDING, unknown client":            {[]func(*dhcp.Packet){another, ciaddr("192.0.2.11")}, 0, "no lease is known"},
		"RENEWING from a network without pool": {[]func(*dhcp.Packet){ciaddr("198.51.100.1"), toUs}, 0, "no pool"},
		"nothing named":                        {nil, 0, "names no address"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, &leases.MemoryStore{})
			exchange(t, s)
			got, out := s.Handle(start, ask(request, c.req...))
			if got == nil && c.want != 0 || got != nil && got.MessageType() != c.want || !strings.Contains(out.Reason, c.reason) {
				t.Fatalf("got %v, %+v", got, out)
			}
			switch c.want {
			case nak:
				if out.Step != dhcp.StepNak || !got.YourIPAddr.IsUnspecified() || len(got.Options[51]) != 0 || !got.Options.Has(dhcpv4.OptionServerIdentifier) {
					t.Errorf("NAK: %s", got.Summary())
				}
			case ack:
				if out.Step != dhcp.StepAck || got.YourIPAddr.IsUnspecified() || len(got.Options[51]) != 4 {
					t.Errorf("ACK: %s", got.Summary())
				}
			default:
				if out.Step != dhcp.StepIgnored {
					t.Errorf("step %s", out.Step)
				}
			}
		})
	}
}

func TestServerAuthoritative(t *testing.T) {
	s := newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) { c.Authoritative = true })
	if got, out := s.Handle(start, ask(request, wants("192.0.2.12"))); got == nil || got.MessageType() != ack {
		t.Errorf("a free address: %+v", out)
	}
	if got, out := s.Handle(start, ask(request, another, wants("192.0.2.12"))); got == nil || got.MessageType() != nak {
		t.Errorf("another's address: %+v", out)
	}
	if got, out := s.Handle(start, ask(request, another, wants("192.0.2.99"))); got == nil || got.MessageType() != nak {
		t.Errorf("outside the pool: %+v", out)
	}
}

func TestServerDeclineReleaseInform(t *testing.T) {
	s := newServer(t, &leases.MemoryStore{})
	exchange(t, s)
	steps := []struct {
		p    dhcp.Packet
		step dhcp.Step
	}{
		{ask(dhcpv4.MessageTypeDecline, another, wants("192.0.2.10")), dhcp.StepIgnored},
		{ask(dhcpv4.MessageTypeDecline, wants("192.0.2.10"), serverID("192.0.2.2")), dhcp.StepIgnored},
		{ask(dhcpv4.MessageTypeDecline, wants("192.0.2.10"), serverID("192.0.2.1")), dhcp.StepDecline},
		{ask(dhcpv4.MessageTypeRelease, ciaddr("192.0.2.10")), dhcp.StepIgnored},
		{ask(dhcpv4.MessageTypeInform, ciaddr("192.0.2.77")), dhcp.StepInform},
	}
	for i, c := range steps {
		got, out := s.Handle(start, c.p)
		if out.Step != c.step || (got != nil) != (c.step == dhcp.StepInform) {
			t.Errorf("step %d: %v %+v", i, got, out)
		}
		if got != nil && (got.Options.Has(dhcpv4.OptionIPAddressLeaseTime) || !got.YourIPAddr.IsUnspecified() || !got.ClientIPAddr.Equal(ip4("192.0.2.77"))) {
			t.Errorf("INFORM: %s", got.Summary())
		}
	}
	if got := exchange(t, s); !got.YourIPAddr.Equal(ip4("192.0.2.11")) {
		t.Errorf("after a DECLINE: %s", got.YourIPAddr)
	}
	itself := func(p *dhcp.Packet) { p.FromMAC = p.Message.ClientHWAddr }
	named := func(p *dhcp.Packet) {
		p.Message.Options[61] = append([]byte{1}, clientMAC...)
		p.Message.ClientHWAddr, p.FromMAC = senderMAC, senderMAC
	}
	for i, c := range []struct {
		by   func(*dhcp.Packet)
		step dhcp.Step
	}{{func(*dhcp.Packet) {}, dhcp.StepIgnored}, {named, dhcp.StepIgnored}, {itself, dhcp.StepRelease}} {
		if _, out := s.Handle(start, ask(dhcpv4.MessageTypeRelease, ciaddr("192.0.2.11"), serverID("192.0.2.1"), c.by)); out.Step != c.step {
			t.Errorf("RELEASE %d: %+v", i, out)
		}
	}
}

func TestServerIgnores(t *testing.T) {
	s := newServer(t, &leases.MemoryStore{})
	for name, p := range map[string]dhcp.Packet{
		"BOOTP":         ask(0, func(p *dhcp.Packet) { delete(p.Message.Options, 53) }),
		"port 4011":     ask(request, bootPort),
		"no address":    ask(discover, func(p *dhcp.Packet) { p.Server = netip.Addr{} }),
		"unknown relay": ask(discover, giaddr("198.51.100.1")),
		"an offer":      ask(offer),
		"nobody":        ask(discover, func(p *dhcp.Packet) { p.Message.ClientHWAddr = nil }),
	} {
		if got, out := s.Handle(start, p); got != nil || out.Step != dhcp.StepIgnored || out.Reason == "" {
			t.Errorf("%s: %v %+v", name, got, out)
		}
	}
}

func TestServerRelayed(t *testing.T) {
	far := dhcp.Pool{Prefix: netip.MustParsePrefix("198.51.100.0/24"), First: addr("198.51.100.10"), Last: addr("198.51.100.20")}
	s := newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) { c.Pools = append(c.Pools, far) })
	info := []byte{1, 2, 7, 7}
	link := append([]byte{5, 4}, ip4("198.51.100.0")...)
	for name, c := range map[string]struct {
		change []func(*dhcp.Packet)
		yiaddr string
	}{
		"by giaddr":                    {[]func(*dhcp.Packet){giaddr("198.51.100.1"), option(82, info...)}, "198.51.100.10"},
		"by link selection (RFC 3527)": {[]func(*dhcp.Packet){giaddr("203.0.113.1"), option(82, link...)}, "198.51.100.10"},
		"by subnet selection":          {[]func(*dhcp.Packet){option(118, ip4("198.51.100.0")...)}, "198.51.100.10"},
		"82 before 118":                {[]func(*dhcp.Packet){giaddr("192.0.2.2"), option(82, link...), option(118, ip4("192.0.2.0")...)}, "198.51.100.10"},
		"on the wire":                  {[]func(*dhcp.Packet){another}, "192.0.2.10"},
	} {
		t.Run(name, func(t *testing.T) {
			p := ask(discover, c.change...)
			got, out := s.Handle(start, p)
			if got == nil || got.YourIPAddr.String() != c.yiaddr {
				t.Fatalf("got %v %+v", got, out)
			}
			if !got.GatewayIPAddr.Equal(p.Message.GatewayIPAddr) || !bytes.Equal(got.Options[82], p.Message.Options[82]) || !bytes.Equal(got.Options[118], p.Message.Options[118]) {
				t.Errorf("not echoed: %s", got.Summary())
			}
		})
	}
	// A renewal doesn't go through the relay, and is of the same pool.
	if got, out := s.Handle(start, ask(request, ciaddr("198.51.100.10"), toUs)); got == nil || got.MessageType() != ack {
		t.Errorf("renewal: %+v", out)
	}
	if got, _ := s.Handle(start, ask(request, giaddr("198.51.100.1"), wants("192.0.2.10"), option(82, info...))); got == nil || got.MessageType() != nak || !got.IsBroadcast() || got.Options[82] == nil {
		t.Errorf("relayed NAK: %v", got)
	}
}

// TestServerIDOverride is for relays that put themselves in our place (RFC
// 5107), as switches by Cisco and Dell do together with link selection (RFC
// 3527): giaddr is their address towards us, the others are towards the client.
func TestServerIDOverride(t *testing.T) {
	far := dhcp.Pool{Prefix: netip.MustParsePrefix("198.51.100.0/24"), First: addr("198.51.100.10"), Last: addr("198.51.100.20")}
	info := append(append([]byte{1, 2, 7, 7, 5, 4}, ip4("198.51.100.1")...), append([]byte{11, 4}, ip4("198.51.100.1")...)...)
	relayed := func(change ...func(*dhcp.Packet)) []func(*dhcp.Packet) {
		return append([]func(*dhcp.Packet){giaddr("192.0.2.2"), option(82, info...), toUs}, change...)
	}
	by := serverID("198.51.100.1")
	for _, authoritative := range []bool{false, true} {
		s := newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) {
			c.Pools, c.Authoritative = append(c.Pools, far), authoritative
		})
		for i, c := range []struct {
			kind   dhcpv4.MessageType
			change []func(*dhcp.Packet)
			step   dhcp.Step
		}{
			{discover, relayed(), dhcp.StepOffer},
			{request, relayed(wants("198.51.100.10"), by), dhcp.StepAck},
			{request, relayed(ciaddr("198.51.100.10")), dhcp.StepAck}, // RENEWING
			{request, relayed(wants("198.51.100.10")), dhcp.StepAck},  // INIT-REBOOT
			{discover, relayed(), dhcp.StepOffer},                     // of the same address
			{request, relayed(wants("198.51.100.10"), serverID("192.0.2.1")), dhcp.StepAck},
			{request, relayed(wants("198.51.100.10"), serverID("203.0.113.1")), dhcp.StepIgnored},
			{dhcpv4.MessageTypeRelease, relayed(ciaddr("198.51.100.10"), by), dhcp.StepRelease},
			{discover, relayed(), dhcp.StepOffer},
			{request, relayed(wants("198.51.100.10"), by), dhcp.StepAck},
			{dhcpv4.MessageTypeDecline, relayed(wants("198.51.100.10"), by), dhcp.StepDecline},
			{dhcpv4.MessageTypeInform, relayed(ciaddr("198.51.100.77")), dhcp.StepInform},
			// Another server behind the relay, which has the same identifier.
			{request, relayed(another, wants("198.51.100.99"), by), map[bool]dhcp.Step{true: dhcp.StepNak, false: dhcp.StepIgnored}[authoritative]},
			{request, relayed(another, ciaddr("198.51.100.15")), map[bool]dhcp.Step{true: dhcp.StepAck, false: dhcp.StepIgnored}[authoritative]},
		} {
			got, out := s.Handle(start, ask(c.kind, c.change...))
			if out.Step != c.step {
				t.Fatalf("authoritative %v, step %d: %+v, want %s", authoritative, i, out, c.step)
			}
			if got == nil {
				continue
			}
			if !got.ServerIdentifier().Equal(ip4("198.51.100.1")) || !bytes.Equal(got.Options[82], info) || out.Ours != ourAddr {
				t.Errorf("authoritative %v, step %d: %s, %+v", authoritative, i, got.Summary(), out)
			}
		}
	}
	// Without a relay, or with nonsense, we are who we are.
	s := newServer(t, &leases.MemoryStore{})
	for name, change := range map[string][]func(*dhcp.Packet){
		"no relay":  {option(82, append([]byte{11, 4}, ip4("198.51.100.1")...)...)},
		"too short": {giaddr("192.0.2.2"), option(82, 11, 3, 1, 2, 3)},
		"nothing":   {giaddr("192.0.2.2"), option(82, 11, 4, 0, 0, 0, 0)},
		"multicast": {giaddr("192.0.2.2"), option(82, 11, 4, 224, 0, 0, 1)},
	} {
		if got, out := s.Handle(start, ask(discover, change...)); got == nil || !got.ServerIdentifier().Equal(ip4("192.0.2.1")) {
			t.Errorf("%s: %v, %+v", name, got, out)
		}
	}
}

// FuzzServer has a server answer anything: an address that it gives is one of
// its pools', and its reply can be sent and read.
func FuzzServer(f *testing.F) {
	for _, b := range captured(f) {
		f.Add(b)
	}
	info := append(append([]byte{5, 4}, ip4("198.51.100.1")...), append([]byte{11, 4}, ip4("198.51.100.1")...)...)
	f.Add(dhcp.Marshal(ask(discover, giaddr("192.0.2.2"), option(82, info...)).Message))
	f.Add(dhcp.Marshal(ask(request, giaddr("192.0.2.2"), option(82, info...), serverID("198.51.100.1"), wants("198.51.100.10")).Message))
	f.Add(dhcp.Marshal(ask(request, option(82, 11, 4, 1), option(118, 1, 2, 3, 4)).Message))
	far := dhcp.Pool{Prefix: netip.MustParsePrefix("198.51.100.0/24"), First: addr("198.51.100.10"), Last: addr("198.51.100.20")}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := dhcp.ParseRequest(b)
		if err != nil {
			return
		}
		s := newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) { c.Pools, c.Authoritative = append(c.Pools, far), len(b)%2 == 0 })
		p := ask(discover)
		p.Message = m
		got, out := s.Handle(start, p)
		if got == nil {
			return
		}
		yours := netip.AddrFrom4([4]byte(got.YourIPAddr.To4()))
		if !yours.IsUnspecified() && !wire.OnLink(yours) && !far.Prefix.Contains(yours) {
			t.Errorf("gives %s: %+v", yours, out)
		}
		if again, err := dhcp.Parse(dhcp.Marshal(got)); err != nil && len(b) < 4096 || err == nil && again.MessageType() != got.MessageType() {
			t.Errorf("a reply that can't be read: %v", err)
		}
		if to := dhcp.Destination(p, got); !to.Dst.IsValid() || !to.Src.IsValid() {
			t.Errorf("it goes from %s to %s", to.Src, to.Dst)
		}
	})
}

func TestServerTroubles(t *testing.T) {
	s := newServer(t, &broken{})
	if got, out := s.Handle(start, ask(request, wants("192.0.2.10"), serverID("192.0.2.1"))); got != nil || out.Step != dhcp.StepFailed || out.Err == nil {
		t.Errorf("a lease that can't be stored was given: %v %+v", got, out)
	}
	s = newServer(t, &leases.MemoryStore{}, func(c *dhcp.ServerConfig) { c.Pools[0].Last = c.Pools[0].First })
	exchange(t, s)
	if got, out := s.Handle(start, ask(discover, another)); got != nil || out.Step != dhcp.StepExhaust {
		t.Errorf("a full pool: %v %+v", got, out)
	}
	for name, c := range map[string]dhcp.ServerConfig{
		"no pool":       {Store: &leases.MemoryStore{}},
		"bad pool":      {Store: &leases.MemoryStore{}, Pools: []dhcp.Pool{{}}},
		"pools overlap": {Store: &leases.MemoryStore{}, Pools: []dhcp.Pool{pool(), pool()}},
	} {
		if _, err := dhcp.NewServer(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// broken is a store whose disk is full.
type broken struct{ leases.MemoryStore }

func (*broken) Put(leases.Lease, netip.Addr) error { return errors.New("disk full") }
