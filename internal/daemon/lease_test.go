package daemon

import (
	"testing"

	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/route"
)

// A server of ours that gives IPv6 addresses alone is a proxy over IPv4.
func TestLeaseOfPools(t *testing.T) {
	for text, want := range map[string]route.Lease{"10.0.0.0/24": route.Ours, "fd77::/64": route.Theirs} {
		pool, err := pools.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Config{DHCP: OwnDHCP, Pools: []pools.Pool{pool}}).lease(); got != want {
			t.Errorf("with --pool %s the addresses are %s, want %s", text, got, want)
		}
	}
}
