package dhcp_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/leases"
)

var start = time.Unix(1_000_000_000, 0)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// pool is three addresses on the wire.
func pool() dhcp.Pool {
	return dhcp.Pool{Prefix: netip.MustParsePrefix("192.0.2.1/24"), First: addr("192.0.2.10"), Last: addr("192.0.2.12")}
}

func TestPoolCheck(t *testing.T) {
	for name, change := range map[string]func(*dhcp.Pool){
		"no subnet":    func(p *dhcp.Pool) { p.Prefix = netip.Prefix{} },
		"outside":      func(p *dhcp.Pool) { p.Last = addr("192.0.3.1") },
		"backwards":    func(p *dhcp.Pool) { p.Last = addr("192.0.2.9") },
		"too large":    func(p *dhcp.Pool) { p.Prefix = netip.MustParsePrefix("0.0.0.0/0"); p.Last = addr("200.0.0.0") },
		"short leases": func(p *dhcp.Pool) { p.LeaseTime = time.Second },
		"IPv6 router":  func(p *dhcp.Pool) { p.Router = []netip.Addr{addr("2001:db8::1")} },
		"long domain":  func(p *dhcp.Pool) { p.Domain = strings.Repeat("x", 256) },
	} {
		p := pool()
		change(&p)
		if err := p.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p := pool()
	p.First, p.Last, p.Exclude = addr("192.0.2.0"), addr("192.0.2.255"), []netip.Addr{addr("192.0.2.1")}
	table, err := leases.New(p, &leases.MemoryStore{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.Offer(start, leases.Holder{Client: "a"}, "", netip.Addr{})
	if err != nil || got.Addr != addr("192.0.2.2") { // neither network nor ourselves
		t.Errorf("offered %v, %v", got.Addr, err)
	}
}

func TestParseRange(t *testing.T) {
	if a, b, err := dhcp.ParseRange("192.0.2.10 - 192.0.2.12"); err != nil || a != addr("192.0.2.10") || b != addr("192.0.2.12") {
		t.Errorf("%s %s %v", a, b, err)
	}
	for _, s := range []string{"", "192.0.2.1", "192.0.2.9-192.0.2.1", "a-b", "::1-::2"} {
		if _, _, err := dhcp.ParseRange(s); err == nil {
			t.Errorf("%q is a range", s)
		}
	}
}
