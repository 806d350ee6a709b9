package daemon

import (
	"net/netip"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/dhcp6"
)

// What is advertised is the network of a pool, on its interface alone.
func TestAdvertised(t *testing.T) {
	says := advertised([]dhcp6.Pool{{
		Prefix: netip.MustParsePrefix("fd77::/64"), First: netip.MustParseAddr("fd77::50"), Last: netip.MustParseAddr("fd77::99"), LeaseTime: time.Hour,
	}})
	at := func(prefix string) dhcp6.Interface {
		return dhcp6.Interface{Addrs: []netip.Prefix{netip.MustParsePrefix(prefix)}}
	}
	if what, ok := says(at("fd77::1/64")); !ok || !what.Managed || !what.Autonomous || what.RouterLifetime != 0 || what.Check() != nil {
		t.Errorf("advertises %+v, %v", what, ok)
	}
	if what, ok := says(at("fd78::1/64")); ok {
		t.Errorf("advertises %+v on another network", what)
	}
}
