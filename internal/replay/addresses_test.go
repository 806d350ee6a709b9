package replay_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/onlooker"
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
// was by one that gives addresses: from the server's address, with the machine's own.
func TestReplayOfOwnCapture(t *testing.T) {
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
	r.Fails()
	b, err := os.ReadFile(r.Files()[0])
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, `"verdict"`) {
			line = strings.ReplaceAll(line, `"way":"reply"`, `"way":"heard"`)
			lines = append(lines, regexp.MustCompile(`,"(server|addresses)":("[^"]*"|\[[^]]*\])`).ReplaceAllString(line, ""))
		}
	}
	capture := filepath.Join(t.TempDir(), "capture.jsonl")
	if err := os.WriteFile(capture, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := replayed(t, capture)
	if err != nil || !strings.Contains(out, "answered as it was") || strings.Contains(out, "otherwise") || !strings.Contains(out, "yiaddr "+given.String()) {
		t.Errorf("%v\n%s", err, out)
	}
}
