package pools

import (
	"net/netip"
	"testing"

	"github.com/spurboot/spur/internal/dhcp"
)

func TestPool(t *testing.T) {
	wire := []dhcp.Interface{{Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("10.4.1.1/16")}}}
	for text, want := range map[string]string{
		"10.0.0.100-10.0.0.200":    "10.0.0.100-10.0.0.200 of 10.0.0.0/24",
		"10.0.0.0/24":              "10.0.0.1-10.0.0.254 of 10.0.0.0/24",
		"10.0.0.128/25":            "10.0.0.129-10.0.0.254 of 10.0.0.0/24",
		"10.4.8.0/30":              "10.4.8.1-10.4.8.2 of 10.4.0.0/16",
		"10.1.0.0/16":              "10.1.0.1-10.1.255.254 of 10.1.0.0/16",
		"10.1.0.100-10.1.0.200/24": "10.1.0.100-10.1.0.200 of 10.1.0.0/24",
	} {
		pools, err := pools(t, text, wire)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := pools[0].String() + " of " + pools[0].Prefix.String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"10.0.0.0/24": "",
		"10.1.0.0/16": "only machines behind a relay on 10.1.0.0/16 get addresses; those on eth0 10.0.0.1/24 10.4.1.1/16 get none: for them add --pool 10.4.0.0/16, or give an interface an address in 10.1.0.0/16",
	} {
		pools, err := pools(t, text, wire)
		if got := Unpooled(wire, pools); err != nil || got != want {
			t.Errorf("%s: %v; the warning is %q, want %q", text, err, got, want)
		}
	}
	for _, text := range []string{"10.9.0.1-10.9.0.9", "10.0.0.0/8", "0.0.0.0/0"} {
		if pools, err := pools(t, text, wire); err == nil {
			t.Errorf("%s is %v", text, pools)
		}
	}
}

func pools(t *testing.T, text string, wire []dhcp.Interface) ([]dhcp.Pool, error) {
	t.Helper()
	pool, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return Asked{Pools: []Pool{pool}}.On(wire)
}
