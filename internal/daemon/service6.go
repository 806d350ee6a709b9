package daemon

import (
	"context"
	"net"
	"net/netip"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/pools"
)

// openDHCP6 opens what answers DHCPv6 requests. Where another server gives the
// addresses, a host that has no IPv6, or none yet, is none to fail on.
func (d *daemon) openDHCP6(ctx context.Context, o *answer.Offers, lookAgain func()) (*answer.Offers6, *links6, error) {
	listener := dhcp6.NewListener(dhcp6.Hooks{
		Malformed: d.notices.malformedDHCP6, Down: func(string, error) { lookAgain() },
		Panicked: func(iface string, value any, stack []byte) {
			d.notices.panicked("DHCPv6 packet on "+iface, value, stack)
		},
	})
	listener.ServerAddrs = pools.Addrs(d.config.ServerAddrs, true)
	listener.Neighbour = func(addr netip.Addr) (net.HardwareAddr, bool) {
		mac, ok := neighbour(addr)
		return mac[:], ok
	}
	l := &links6{names: d.config.Interfaces, listener: listener, notices: d.notices}
	offers := &answer.Offers6{Offers: o, ID: dhcp6.ServerID([]byte(d.names.Key.Text())), Send: listener.Send}
	if d.config.DHCP != OwnDHCP || len(pools.Of(d.config.Pools, true)) == 0 {
		if now, err := dhcp6.Look(d.config.Interfaces); err == nil {
			_ = l.set(ctx, now.Serving) // it is tried again, and told, while Spur runs
		}
		return offers, l, nil
	}
	if err := d.openAddresses6(ctx, offers, l); err != nil {
		l.close()
		return nil, nil, err
	}
	return offers, l, nil
}

// openAddresses6 makes our own DHCPv6 server.
func (d *daemon) openAddresses6(ctx context.Context, o *answer.Offers6, l *links6) error {
	now, given, err := d.waitForPools6(ctx)
	if err != nil {
		return err
	}
	if warning := pools.Unpooled6(now, given); warning != "" {
		d.notices.warn(warning)
	}
	if !d.config.Force {
		if err := pools.Alone6(ctx, now, given, d.config.RA); err != nil {
			return err
		}
		l.admitted = map[int]bool{}
		for _, i := range now {
			l.admitted[i.Index] = true
		}
		l.admit = func(ctx context.Context, i dhcp6.Interface) error {
			return pools.Alone6(ctx, []dhcp6.Interface{i}, given, d.config.RA)
		}
	}
	o.Addresses, err = dhcp6.NewServer(dhcp6.ServerConfig{ID: o.ID, Pools: given, Store: leaseStore{d.store}, Authoritative: !d.config.Force})
	if err != nil {
		return err
	}
	l.addresses = o.Addresses
	if err := l.set(ctx, now); err != nil {
		return advice.Or(err, "stop that one, or leave the IPv6 --pool out")
	}
	if d.config.RA { // from the moment on at which machines are answered
		l.router = dhcp6.NewRouter(advertised(given), func(_ string, err error) { d.notices.warn(err.Error()) })
	}
	if taken := l.listener.Taken(); len(taken) > 0 && !d.config.Force {
		return advice.New("another program on this host holds port 547 on "+taken[0]+"; it is a DHCPv6 server, most likely",
			"leave the IPv6 --pool out to work beside it, stop it, or overrule this with --force")
	}
	return nil
}

// waitForPools6 looks at the interfaces until one is on the network of a pool, or
// it is clear that none is.
func (d *daemon) waitForPools6(ctx context.Context) (on []dhcp6.Interface, given []dhcp6.Pool, err error) {
	whenAddressed(ctx, func() bool {
		var now dhcp6.Survey
		if now, err = dhcp6.Look(d.config.Interfaces); err == nil {
			on = now.Serving
			given, err = d.config.asked().On6(on)
		}
		return err == nil && pools.Unpooled6(on, given) == ""
	})
	return on, given, err
}

// advertised says what to advertise on an interface: the network of a pool, that
// its addresses come by DHCPv6, and no way out of it. A system without DHCPv6
// makes itself an address there.
func advertised(given []dhcp6.Pool) func(dhcp6.Interface) (dhcp6.Advertisement, bool) {
	return func(i dhcp6.Interface) (dhcp6.Advertisement, bool) {
		for _, p := range given {
			if pools.NetworkOf([]dhcp6.Interface{i}, p.First) == p.Prefix {
				return dhcp6.Advertisement{Managed: true, Other: true, Prefix: p.Prefix, Autonomous: p.Prefix.Bits() == 64}, true
			}
		}
		return dhcp6.Advertisement{}, false
	}
}

// close ends what links6 keeps.
func (l *links6) close() {
	if l.router != nil {
		l.router.Close()
	}
	_ = l.listener.Close()
}
