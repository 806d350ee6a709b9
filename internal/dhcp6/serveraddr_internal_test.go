package dhcp6

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/leases"
)

// TestServerFor: a client is told an address of ours on its own network, the
// one that it asked, or the one that the operator chose.
func TestServerFor(t *testing.T) {
	addr := netip.MustParseAddr
	eth0 := Interface{Addrs: []netip.Prefix{netip.MustParsePrefix("fd77::1/64"), netip.MustParsePrefix("fd78::1/64")}}
	group := addr("ff02::1:2")
	relayed := []Relay{{Link: addr("fd78::2")}}
	for what, c := range map[string]struct {
		p      Packet
		chosen []netip.Addr
		want   netip.Addr
	}{
		"on the wire":                       {Packet{Interface: eth0, To: group}, nil, addr("fd77::1")},
		"relayed, on a network of ours":     {Packet{Interface: eth0, To: group, Relays: relayed}, nil, addr("fd78::1")},
		"asked at an address":               {Packet{Interface: eth0, To: addr("fd78::1")}, nil, addr("fd78::1")},
		"asked at the link-local one":       {Packet{Interface: eth0, To: addr("fe80::1")}, nil, addr("fd77::1")},
		"chosen, on the client's network":   {Packet{Interface: eth0, To: group, Relays: relayed}, []netip.Addr{addr("fd99::1"), addr("fd78::1")}, addr("fd78::1")},
		"chosen, on none of ours":           {Packet{Interface: eth0, To: group}, []netip.Addr{addr("fd99::1")}, addr("fd99::1")},
		"an interface without an address":   {Packet{To: group}, nil, netip.Addr{}},
		"relayed from nowhere we can reach": {Packet{To: group, Relays: relayed}, nil, netip.Addr{}},
	} {
		if got := serverFor(c.p, c.chosen); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}

// TestLeaseJSON: stores keep leases as JSON.
func TestLeaseJSON(t *testing.T) {
	l := leases.Lease{
		Addr: netip.MustParseAddr("fd77::100"), Holder: leases.Holder{Client: "0003", ID: 7}, MAC: "52:54:00:77:00:01",
		State: leases.Bound, Expires: time.Unix(1e9, 0).UTC(),
	}
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"addr":"fd77::100","client":"0003","iaid":7,"mac":"52:54:00:77:00:01","state":"bound","expires":"2001-09-09T01:46:40Z"}`
	if string(b) != want {
		t.Errorf("%s", b)
	}
	var again leases.Lease
	if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(l, again) {
		t.Errorf("%+v, %v", again, err)
	}
}
