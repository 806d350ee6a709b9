package dhcp6_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/leases"
)

func small() dhcp6.Pool { return pool("fd77::/64", "fd77::100", "fd77::103") }

// ask sends a message and expects an end.
func ask(t *testing.T, s *dhcp6.Server, m *dhcpv6.Message, want dhcp6.Step) (*dhcpv6.Message, dhcp6.Outcome) {
	t.Helper()
	return askAt(t, s, noon, heard(m), want)
}

func askAt(t *testing.T, s *dhcp6.Server, now time.Time, p dhcp6.Packet, want dhcp6.Step) (*dhcpv6.Message, dhcp6.Outcome) {
	t.Helper()
	reply, out := s.Handle(now, p)
	if out.Step != want {
		t.Fatalf("%s: %+v, want %s", p.Message.MessageType, out, want)
	}
	return reply, out
}

// lease takes an address.
func lease(t *testing.T, s *dhcp6.Server, n, iaid byte) string {
	t.Helper()
	reply, out := ask(t, s, message(dhcpv6.MessageTypeRequest, n, toUs(), association(iaid)), dhcp6.StepReply)
	addrs, _ := given(t, reply)
	if len(addrs) != 1 || out.Addr.String() != addrs[0] {
		t.Fatalf("given %v, told %s", addrs, out.Addr)
	}
	return addrs[0]
}

// TestExchange goes through the life of a lease.
func TestExchange(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{Authoritative: true}, small())
	reply, out := ask(t, s, message(dhcpv6.MessageTypeSolicit, 1, association(1)), dhcp6.StepAdvertise)
	if reply.MessageType != dhcpv6.MessageTypeAdvertise || reply.Options.Preference() != 255 || out.Ours != netip.MustParseAddr("fd77::1") {
		t.Errorf("%s, %+v", reply.Summary(), out)
	}
	ia := reply.Options.OneIANA()
	if ia.T1 != 30*time.Minute || ia.T2 != 48*time.Minute || ia.Options.OneAddress().ValidLifetime != time.Hour {
		t.Errorf("lifetimes: %s", ia)
	}
	addr := out.Addr.String()
	if got := lease(t, s, 1, 1); got != addr || addr != "fd77::100" {
		t.Errorf("offered %s, given %s", addr, got)
	}
	for _, kind := range []dhcpv6.MessageType{dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRebind} {
		m := message(kind, 1, association(1, addr, "fd77::102"))
		if kind == dhcpv6.MessageTypeRenew {
			m.AddOption(toUs())
		}
		reply, _ = ask(t, s, m, dhcp6.StepReply)
		if addrs, _ := given(t, reply); len(addrs) != 1 || addrs[0] != addr {
			t.Errorf("%s gave %v", kind, addrs)
		}
		if all := reply.Options.OneIANA().Options.Addresses(); len(all) != 2 || all[1].ValidLifetime != 0 {
			t.Errorf("%s doesn't end the address that isn't the client's: %v", kind, all)
		}
	}
	ask(t, s, message(dhcpv6.MessageTypeConfirm, 1, association(1, addr)), dhcp6.StepConfirm)
	ask(t, s, message(dhcpv6.MessageTypeRelease, 1, toUs(), association(1, addr)), dhcp6.StepRelease)
	// The address stays the client's last one.
	if got := lease(t, s, 2, 1); got != "fd77::101" {
		t.Errorf("another client got %s", got)
	}
	if got := lease(t, s, 1, 1); got != addr {
		t.Errorf("the client came back and got %s", got)
	}
}

func TestRapidCommit(t *testing.T) {
	rapid := &dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionRapidCommit}
	s := newServer(t, dhcp6.ServerConfig{Authoritative: true}, small())
	reply, _ := ask(t, s, message(dhcpv6.MessageTypeSolicit, 1, rapid, association(1)), dhcp6.StepReply)
	if reply.MessageType != dhcpv6.MessageTypeReply || reply.GetOneOption(dhcpv6.OptionRapidCommit) == nil {
		t.Error(reply.Summary())
	}
	// Beside another server each would give an address away.
	s = newServer(t, dhcp6.ServerConfig{}, small())
	reply, _ = ask(t, s, message(dhcpv6.MessageTypeSolicit, 1, rapid, association(1)), dhcp6.StepAdvertise)
	if reply.GetOneOption(dhcpv6.OptionRapidCommit) != nil || reply.GetOneOption(dhcpv6.OptionPreference) != nil {
		t.Error(reply.Summary())
	}
}

// TestRefused: what a client can't have is said in the code that makes it ask
// anew.
func TestRefused(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, small())
	taken := lease(t, s, 1, 1)
	for what, c := range map[string]struct {
		m    *dhcpv6.Message
		step dhcp6.Step
		code iana.StatusCode
	}{
		"request of another network":  {message(dhcpv6.MessageTypeRequest, 2, toUs(), association(1, "fd78::100")), dhcp6.StepRefuse, iana.StatusNotOnLink},
		"renewal of another's":        {message(dhcpv6.MessageTypeRenew, 2, toUs(), association(1, taken)), dhcp6.StepRefuse, iana.StatusNoBinding},
		"renewal out of the range":    {message(dhcpv6.MessageTypeRenew, 2, toUs(), association(1, "fd77::999")), dhcp6.StepRefuse, iana.StatusNoBinding},
		"renewal of nothing":          {message(dhcpv6.MessageTypeRenew, 2, toUs(), association(1)), dhcp6.StepRefuse, iana.StatusNoBinding},
		"release of another's":        {message(dhcpv6.MessageTypeRelease, 2, toUs(), association(1, taken)), dhcp6.StepRelease, iana.StatusNoBinding},
		"decline of nobody's address": {message(dhcpv6.MessageTypeDecline, 2, toUs(), association(1, "fd77::102")), dhcp6.StepDecline, iana.StatusNoBinding},
	} {
		reply, _ := ask(t, s, c.m, c.step)
		if addrs, got := given(t, reply); len(addrs) != 0 || len(got) != 1 || got[0] != c.code {
			t.Errorf("%s: %v, %v", what, addrs, got)
		}
	}
	reply, _ := ask(t, s, message(dhcpv6.MessageTypeConfirm, 2, association(1, "fd78::5")), dhcp6.StepRefuse)
	if reply.Options.Status().StatusCode != iana.StatusNotOnLink {
		t.Error(reply.Summary())
	}
	reply, _ = ask(t, s, message(dhcpv6.MessageTypeRebind, 2, association(1, "fd78::5")), dhcp6.StepRefuse)
	if all := reply.Options.OneIANA().Options.Addresses(); len(all) != 1 || all[0].ValidLifetime != 0 {
		t.Error(reply.Summary())
	}
	// A request for a taken address is met with another one.
	reply, _ = ask(t, s, message(dhcpv6.MessageTypeRequest, 2, toUs(), association(1, taken)), dhcp6.StepReply)
	if addrs, _ := given(t, reply); len(addrs) != 1 || addrs[0] == taken {
		t.Errorf("given %v", addrs)
	}
}

// TestIgnored: RFC 8415 section 16 and 18.3.
func TestIgnored(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, small())
	other := dhcpv6.OptServerID(duid(9))
	for what, m := range map[string]*dhcpv6.Message{
		"solicit with a server":        message(dhcpv6.MessageTypeSolicit, 1, toUs(), association(1)),
		"solicit without association":  message(dhcpv6.MessageTypeSolicit, 1),
		"request to another":           message(dhcpv6.MessageTypeRequest, 1, other, association(1)),
		"request to nobody":            message(dhcpv6.MessageTypeRequest, 1, association(1)),
		"rebind of another server's":   message(dhcpv6.MessageTypeRebind, 1, association(1, "fd77::999")),
		"confirm of nothing":           message(dhcpv6.MessageTypeConfirm, 1, association(1)),
		"information and an address":   message(dhcpv6.MessageTypeInformationRequest, 1, association(1)),
		"information, another's to do": message(dhcpv6.MessageTypeInformationRequest, 1, other),
	} {
		if reply, _ := ask(t, s, m, dhcp6.StepIgnored); reply != nil {
			t.Errorf("%s: answered", what)
		}
	}
	p := heard(message(dhcpv6.MessageTypeRenew, 1, toUs(), association(1)))
	p.To = netip.MustParseAddr("fd77::1")
	askAt(t, s, noon, p, dhcp6.StepIgnored)
	p = heard(message(dhcpv6.MessageTypeSolicit, 1, association(1)))
	p.Interface.Addrs = nil
	_, out := askAt(t, s, noon, p, dhcp6.StepIgnored)
	if out.Reason != "no pool for the network of interface eth0, which has a link-local address only" {
		t.Error(out.Reason)
	}
	p.Port = dhcp6.BootPort
	askAt(t, s, noon, p, dhcp6.StepIgnored)
}

func TestInform(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, small())
	reply, _ := ask(t, s, message(dhcpv6.MessageTypeInformationRequest, 1), dhcp6.StepInform)
	if dns := reply.Options.DNS(); len(dns) != 1 || dns[0].String() != "fd77::53" {
		t.Error(reply.Summary())
	}
}

// TestRelayChoosesPool: the network that the relay names counts, and no other.
func TestRelayChoosesPool(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, small(), pool("fd78::/64", "fd78::100", "fd78::1ff"))
	p := heard(message(dhcpv6.MessageTypeSolicit, 1, association(1)))
	p.Relays = []dhcp6.Relay{
		{Link: netip.MustParseAddr("fd77::9"), Peer: netip.MustParseAddr("fd78::1")},
		{Link: netip.MustParseAddr("fd78::1"), Peer: netip.MustParseAddr("fe80::2")},
		{Link: netip.IPv6Unspecified(), Peer: netip.MustParseAddr("fe80::2")},
	}
	_, out := askAt(t, s, noon, p, dhcp6.StepAdvertise)
	if out.Addr.String() != "fd78::100" || out.Ours != p.Server {
		t.Errorf("%+v", out)
	}
	p.Relays = p.Relays[2:] // says nothing of the network: the interface tells
	askAt(t, s, noon, p, dhcp6.StepAdvertise)
	p.Relays[0].Link = netip.MustParseAddr("fd99::1")
	askAt(t, s, noon, p, dhcp6.StepIgnored)
}

// TestExhausted: the pool ends, and begins again when leases end.
func TestExhausted(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{Authoritative: true}, small())
	for n := range byte(4) {
		lease(t, s, n, 1)
	}
	reply, out := ask(t, s, message(dhcpv6.MessageTypeSolicit, 9, association(1)), dhcp6.StepExhaust)
	if _, got := given(t, reply); len(got) != 1 || got[0] != iana.StatusNoAddrsAvail || !errors.Is(out.Err, leases.ErrExhausted) {
		t.Errorf("%s, %+v", reply.Summary(), out)
	}
	if reply.GetOneOption(dhcpv6.OptionPreference) != nil {
		t.Error("a server without addresses puts itself before others")
	}
	_, out = askAt(t, s, noon.Add(2*time.Hour), heard(message(dhcpv6.MessageTypeSolicit, 9, association(1))), dhcp6.StepAdvertise)
	if out.Addr.String() != "fd77::100" {
		t.Errorf("given %s", out.Addr)
	}
}

// TestShare: a machine that comes with a new association each time, as edk2
// does, has eight addresses at most.
func TestShare(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, pool("fd77::/64", "fd77::100", "fd77::1ff"))
	seen := map[string]bool{}
	for n := range byte(50) {
		seen[lease(t, s, 1, n)] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d addresses", len(seen))
	}
	// Nor by naming them itself.
	for n, kind := range []dhcpv6.MessageType{dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew} {
		reply, _ := s.Handle(noon, heard(message(kind, 1, toUs(), association(98+byte(n), "fd77::1f0"))))
		if addrs, _ := given(t, reply); len(addrs) > 0 && !seen[addrs[0]] {
			t.Errorf("%s gave %v", kind, addrs)
		}
	}
	var many []dhcpv6.Option
	for n := range byte(100) {
		many = append(many, association(n))
	}
	reply, _ := ask(t, s, message(dhcpv6.MessageTypeSolicit, 2, many...), dhcp6.StepAdvertise)
	if addrs, _ := given(t, reply); len(addrs) != 8 {
		t.Errorf("one message: %d addresses", len(addrs))
	}
}

func TestDecline(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, small())
	addr := lease(t, s, 1, 1)
	ask(t, s, message(dhcpv6.MessageTypeDecline, 1, toUs(), association(1, addr)), dhcp6.StepDecline)
	for n := range byte(3) {
		if got := lease(t, s, n+1, 1); got == addr {
			t.Errorf("%s was given although somebody else uses it", got)
		}
	}
	ask(t, s, message(dhcpv6.MessageTypeSolicit, 9, association(1)), dhcp6.StepExhaust)
}

// TestReservation: it is the machine's whatever lease there was on it, for each
// of its programs.
func TestReservation(t *testing.T) {
	own := netip.MustParseAddr("fd77::42")
	s := newServer(t, dhcp6.ServerConfig{Reserved: func(r dhcp6.Request) netip.Addr {
		if r.DUID[len(r.DUID)-1] == 7 {
			return own
		}
		return netip.Addr{}
	}}, small())
	_, out := ask(t, s, message(dhcpv6.MessageTypeSolicit, 7, association(1)), dhcp6.StepAdvertise)
	if out.Addr != own {
		t.Errorf("offered %s", out.Addr)
	}
	for n := range byte(2) {
		if got := lease(t, s, 7, n); got != own.String() {
			t.Errorf("given %s", got)
		}
	}
	ask(t, s, message(dhcpv6.MessageTypeRenew, 7, toUs(), association(1, own.String())), dhcp6.StepReply)
	ask(t, s, message(dhcpv6.MessageTypeRebind, 7, association(9, own.String())), dhcp6.StepReply)
	if got := lease(t, s, 1, 1); got != "fd77::100" {
		t.Errorf("another machine got %s", got)
	}
}

// failing is a store that is out of order.
type failing struct{ leases.MemoryStore }

func (*failing) Put(leases.Lease, netip.Addr) error { return errors.New("disk full") }

// TestStore: what was given is remembered by the next server; what can't be
// stored isn't given.
func TestStore(t *testing.T) {
	store := &leases.MemoryStore{}
	first := newServer(t, dhcp6.ServerConfig{Store: store}, small())
	addr := lease(t, first, 1, 5)
	again := newServer(t, dhcp6.ServerConfig{Store: store}, small())
	reply, _ := ask(t, again, message(dhcpv6.MessageTypeRenew, 1, toUs(), association(5, addr)), dhcp6.StepReply)
	if addrs, _ := given(t, reply); len(addrs) != 1 || addrs[0] != addr {
		t.Errorf("given %v", addrs)
	}
	if got := lease(t, again, 2, 5); got == addr {
		t.Errorf("two clients have %s", got)
	}
	// A server that lost its store goes on with what its clients say.
	lost := newServer(t, dhcp6.ServerConfig{}, small())
	ask(t, lost, message(dhcpv6.MessageTypeRenew, 1, toUs(), association(5, "fd77::102")), dhcp6.StepReply)

	broken := newServer(t, dhcp6.ServerConfig{Store: &failing{}}, small())
	if reply, _ := ask(t, broken, message(dhcpv6.MessageTypeRequest, 1, toUs(), association(1)), dhcp6.StepFailed); reply != nil {
		t.Error("an address was given that isn't stored")
	}
}

// TestOwn: this host's addresses are nobody else's.
func TestOwn(t *testing.T) {
	s := newServer(t, dhcp6.ServerConfig{}, small())
	s.Own([]dhcp6.Interface{{Addrs: []netip.Prefix{netip.MustParsePrefix("fd77::100/64")}}})
	if got := lease(t, s, 1, 1); got != "fd77::101" {
		t.Errorf("given %s", got)
	}
	s.Own(nil)
	if got := lease(t, s, 2, 1); got != "fd77::100" {
		t.Errorf("given %s", got)
	}
}

func TestPoolCheck(t *testing.T) {
	for what, p := range map[string]dhcp6.Pool{
		"no network":         pool("192.0.2.0/24", "192.0.2.1", "192.0.2.2"),
		"outside":            pool("fd77::/64", "fd78::1", "fd78::2"),
		"backwards":          pool("fd77::/64", "fd77::2", "fd77::1"),
		"too large":          pool("fd77::/64", "fd77::", "fd77::1:0"),
		"much too large":     pool("fd77::/16", "fd77::", "fd77:1::1"),
		"link-local":         pool("fe80::/64", "fe80::1", "fe80::2"),
		"an IPv4 in an IPv6": pool("::ffff:192.0.2.0/120", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
	} {
		if err := p.Check(); err == nil {
			t.Errorf("%s is no error", what)
		}
	}
	for _, s := range []string{"", "fd77::1", "fd77::2-fd77::1", "192.0.2.1-192.0.2.9", "fe80::1-fe80::2"} {
		if _, _, err := dhcp6.ParseRange(s); err == nil {
			t.Errorf("%q is no error", s)
		}
	}
	if first, last, err := dhcp6.ParseRange("fd77::1 - fd77::2"); err != nil || !first.Less(last) {
		t.Error(first, last, err)
	}
}
