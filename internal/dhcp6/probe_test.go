package dhcp6_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/lab"
)

// probed looks for other servers and routers from a host.
func probed(t *testing.T, h *lab.Host) (servers []dhcp6.Answer, routers []netip.Addr) {
	t.Helper()
	i := interfaces(t, h, "eth0")[0]
	err := h.Do(func() (err error) {
		servers, err = dhcp6.Probe(t.Context(), i)
		if err != nil {
			return err
		}
		routers, err = dhcp6.Routers(t.Context(), i)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return servers, routers
}

// TestProbe looks for dnsmasq, on a wire of its own and beside a server that only
// says what to boot.
func TestProbe(t *testing.T) {
	l := newLab(t)
	quiet, busy := newWire(t, l, "quiet"), newWire(t, l, "busy")
	alone := newHost(t, l, "alone", lab.On(quiet, "fd77::1/64"))
	proxy := newHost(t, l, "proxy", lab.On(quiet, "fd77::3/64"))
	listen(t, proxy, besides, "eth0")
	if servers, routers := probed(t, alone); len(servers)+len(routers) != 0 {
		t.Errorf("where nobody is there are %v and %v", servers, routers)
	}
	other := newHost(t, l, "other", lab.On(busy, "fd77::2/64"))
	newcomer := newHost(t, l, "newcomer", lab.On(busy, "fd77::1/64"))
	at := interfaces(t, other, "eth0")[0].LinkLocal
	if _, err := (lab.DNSMasq{Host: other, Range: "fd77::50,fd77::99,64", Args: []string{"--enable-ra"}}).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	servers, routers := probed(t, newcomer)
	if len(servers) != 1 || servers[0].From != at || !netip.MustParsePrefix("fd77::/64").Contains(servers[0].Offered) {
		t.Errorf("the servers are %v, want %s", servers, at)
	}
	if len(routers) != 1 || routers[0] != at {
		t.Errorf("the routers are %v, want %s", routers, at)
	}
	// One of the same host is found too.
	if servers, routers := probed(t, other); len(servers) != 1 || len(routers) != 1 {
		t.Errorf("on the host itself there are %v and %v", servers, routers)
	}
}

// TestProbeEnds ends with its context, and says who has the port.
func TestProbeEnds(t *testing.T) {
	l := newLab(t)
	h := newHost(t, l, "host", lab.On(newWire(t, l, "wire")))
	i := interfaces(t, h, "eth0")[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := h.Do(func() error {
		if _, err := dhcp6.Probe(ctx, i); err != nil {
			return err
		}
		taken, err := net.ListenPacket("udp6", "[::]:546")
		if err != nil {
			return err
		}
		defer taken.Close()
		if _, err := dhcp6.Probe(ctx, i); !errors.Is(err, dhcp6.ErrClientPort) {
			t.Errorf("with a client on this host: %v", err)
		}
		_, err = dhcp6.Routers(ctx, i)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
