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

// TestProbeOfNobody is beside a server that only says what to boot.
func TestProbeOfNobody(t *testing.T) {
	l := newLab(t)
	wire := newWire(t, l, "wire")
	alone, proxy := newHost(t, l, "alone", lab.On(wire, "fd77::1/64")), newHost(t, l, "proxy", lab.On(wire, "fd77::3/64"))
	listen(t, proxy, besides, "eth0")
	if servers, routers := probed(t, alone); len(servers)+len(routers) != 0 {
		t.Errorf("where nobody is there are %v and %v", servers, routers)
	}
}

// TestProbe looks for other people's servers and routers, from another host and
// from theirs.
func TestProbe(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *lab.Host) error{
		"dnsmasq": func(t *testing.T, h *lab.Host) error {
			_, err := lab.DNSMasq{Host: h, Range: "fd77::50,fd77::99,64", Args: []string{"--enable-ra"}}.Start(t.Context())
			return err
		},
		"Kea and radvd": func(t *testing.T, h *lab.Host) error {
			_, err := lab.Kea6{Host: h, Subnet: "fd77::/64", Pool: "fd77::50-fd77::99"}.Start(t.Context())
			if err == nil {
				err = h.Forward()
			}
			if err == nil {
				_, err = lab.Radvd{Host: h, Prefix: "fd77::/64", Managed: true}.Start(t.Context())
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			wire := newWire(t, l, "wire")
			other, newcomer := newHost(t, l, "other", lab.On(wire, "fd77::2/64")), newHost(t, l, "newcomer", lab.On(wire, "fd77::1/64"))
			at := interfaces(t, other, "eth0")[0].LinkLocal
			if err := start(t, other); err != nil {
				t.Fatal(err)
			}
			for _, h := range []*lab.Host{newcomer, other} {
				servers, routers := probed(t, h)
				if len(servers) != 1 || servers[0].From != at || !netip.MustParsePrefix("fd77::/64").Contains(servers[0].Offered) {
					t.Errorf("from %s the servers are %v, want %s", h.Name(), servers, at)
				}
				if len(routers) != 1 || routers[0] != at {
					t.Errorf("from %s the routers are %v, want %s", h.Name(), routers, at)
				}
			}
		})
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
