package replay_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/onlooker"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/recorder/recordertest"
	"github.com/spurboot/spur/internal/route"
)

// A machine behind a relay is given an address of its own network again, on which Spur
// isn't.
func TestReplayBehindRelay(t *testing.T) {
	r := recordertest.New(t)
	r.Kept.Head.DHCP = string(daemon.OwnDHCP)
	r.Offers.Decider.Lease = route.Ours
	relay := netip.MustParseAddr("10.5.0.1")
	pool := dhcp.Pool{Prefix: netip.MustParsePrefix("10.5.0.0/24"), First: netip.MustParseAddr("10.5.0.50"), Last: netip.MustParseAddr("10.5.0.60")}
	addresses, err := dhcp.NewServer(dhcp.ServerConfig{Pools: []dhcp.Pool{pool}, Store: &leases.MemoryStore{}})
	if err != nil {
		t.Fatal(err)
	}
	r.Offers.Addresses, r.Relay = addresses, relay
	r.Asks()
	r.Fails()
	kept, err := onlooker.ReadRecord(r.Files()[0], boot.MAC{})
	if err != nil {
		t.Fatal(err)
	}
	lent := false
	for _, e := range kept.Entries {
		if e.Packet != nil && e.Packet.Way == "reply" {
			m, err := dhcpv4.FromBytes(e.Packet.Bytes)
			lent = lent || err == nil && m.YourIPAddr.Equal(pool.First.AsSlice())
		}
	}
	if !lent {
		t.Fatal("the record has no address")
	}
	out, err := replayed(t, r.Files()[0])
	if err == nil || !strings.Contains(err.Error(), "it is answered as it was, and would fail again") || strings.Contains(out, "no answer") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A capture of what Spur gave itself, in which it is a server like others, is answered as it
// was by one that gives addresses: from the server's address, with the machine's own. Of
// several servers it is the one that the machine chose.
func TestReplayOfOwnCapture(t *testing.T) {
	for name, test := range map[string]struct{ takes, other bool }{
		"offered":                 {},
		"taken":                   {takes: true},
		"taken of two that offer": {takes: true, other: true},
	} {
		r := recordertest.New(t)
		r.Kept.Head.DHCP = string(daemon.OwnDHCP)
		r.Offers.Decider.Lease = route.Ours
		given := netip.MustParseAddr("10.9.0.150")
		addresses, err := dhcp.NewServer(dhcp.ServerConfig{Pools: []dhcp.Pool{{Prefix: netip.MustParsePrefix("10.9.0.0/24"), First: given, Last: given}}, Store: &leases.MemoryStore{}})
		if err != nil {
			t.Fatal(err)
		}
		r.Offers.Addresses = addresses
		r.Asks()
		if test.takes {
			m := identify.Request(r.Client)
			m.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeRequest))
			m.UpdateOption(dhcpv4.OptServerIdentifier(r.Client.Server.AsSlice()))
			m.UpdateOption(dhcpv4.OptRequestedIPAddress(given.AsSlice()))
			r.Sends(m)
		}
		r.Fails()
		out, err := replayed(t, captureOf(t, r, test.other))
		if err != nil || !strings.Contains(out, "answered as it was") || strings.Contains(out, "otherwise") || !strings.Contains(out, "yiaddr "+given.String()) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// captureOf is what a capture would have of what was recorded; with another server's offers
// before those of Spur.
func captureOf(t *testing.T, from *recordertest.Recording, other bool) string {
	t.Helper()
	r, err := onlooker.ReadRecord(from.Files()[0], boot.MAC{})
	if err != nil {
		t.Fatal(err)
	}
	var entries []record.Entry
	for _, e := range r.Entries {
		if e.Packet == nil {
			continue
		}
		p := *e.Packet
		p.Server = netip.Addr{}
		if e.Packet = &p; p.Way == record.Reply {
			p.Way = record.Heard
			if offer, ok := otherOffer(t, p); ok && other {
				entries = append(entries, record.Entry{After: e.After, Packet: offer})
			}
		}
		entries = append(entries, e)
	}
	r.Head.Addresses, r.Entries = nil, entries
	b, err := record.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "capture.jsonl")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// otherOffer is what another server offers in the place of an OFFER.
func otherOffer(t *testing.T, p record.Packet) (*record.Packet, bool) {
	t.Helper()
	m, err := dhcpv4.FromBytes(p.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	by := netip.MustParseAddr("10.9.0.2")
	m.UpdateOption(dhcpv4.OptServerIdentifier(by.AsSlice()))
	m.YourIPAddr = netip.MustParseAddr("10.9.0.77").AsSlice()
	p.Src, p.Bytes = netip.AddrPortFrom(by, 67), m.ToBytes()
	return &p, m.MessageType() == dhcpv4.MessageTypeOffer
}
