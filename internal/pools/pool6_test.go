package pools

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp6"
)

func TestPool6(t *testing.T) {
	wire := []dhcp6.Interface{{Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("fd77::1/64")}}}
	for text, want := range map[string]string{
		"fd77::50-fd77::99":    "fd77::50-fd77::99 of fd77::/64",
		"fd77::/64":            "fd77::1-fd77::ffff of fd77::/64",
		"fd77::ab00/120":       "fd77::ab01-fd77::abff of fd77::/64",
		"fd78::/64":            "fd78::1-fd78::ffff of fd78::/64",
		"fd78::50-fd78::99/64": "fd78::50-fd78::99 of fd78::/64",
		"fd78::10/126":         "fd78::11-fd78::13 of fd78::10/126",
	} {
		pool, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		pools, err := Asked{Pools: []Pool{pool}}.On6(wire)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := pools[0].String() + " of " + pools[0].Prefix.String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
		if behind := pools[0].Prefix != netip.MustParsePrefix("fd77::/64"); behind != (Unpooled6(wire, pools) != "") {
			t.Errorf("%s: the warning is %q", text, Unpooled6(wire, pools))
		} else if behind && !strings.HasSuffix(Unpooled6(wire, pools), "those on eth0 fd77::1/64 get none: for them add --pool fd77::/64, or give an interface an address in "+pools[0].Prefix.String()) {
			t.Errorf("%s: the warning is %q", text, Unpooled6(wire, pools))
		}
	}
	for _, text := range []string{"fd78::50-fd78::99", "fe80::/64", "fd77::1-fd77:0:1::"} {
		if pool, err := Parse(text); err == nil {
			if pools, err := (Asked{Pools: []Pool{pool}}).On6(wire); err == nil {
				t.Errorf("%s is %v", text, pools)
			}
		}
	}
}

// Where no interface has an address a pool is none of a network behind a relay either.
func TestPool6WithoutAddresses(t *testing.T) {
	pool, err := Parse("fd77::/64")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Asked{Pools: []Pool{pool}}.On6([]dhcp6.Interface{{Name: "eth0"}})
	if err == nil || !strings.HasSuffix(advice.Of(err), "; give one an address in fd77::/64") {
		t.Errorf("%v; %s", err, advice.Of(err))
	}
}

// Of several addresses on a network the one is told that machines are told.
func TestDescribeInterfaces6(t *testing.T) {
	i := dhcp6.Interface{Name: "eth0"}
	for _, p := range []string{"fd77::1/64", "fd77::9039:66ff:fec6:1d33/64", "fd78::1/64"} {
		i.Addrs = append(i.Addrs, netip.MustParsePrefix(p))
	}
	if got := Describe6([]dhcp6.Interface{i}); got != "eth0 fd77::1/64 fd78::1/64" {
		t.Errorf("got %q", got)
	}
}
