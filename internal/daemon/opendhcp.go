package daemon

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/pxe"
)

// newOffers are those of what is served.
func (d *daemon) newOffers(f *files, m *memory) *answer.Offers {
	o := answer.New(decide.Decider{
		Resolver: f.tree.Resolver, Host: f.tree.Host, Failed: f.events.Failed, Shapes: f.events.Shapes, Lease: d.config.lease(),
		Menu: d.menu, Beside: d.config.AsBootServer != 0,
	}, f.tree, f.events, f.clients)
	o.Only, o.Recall, o.Recorder = d.config.AsBootServer, m.recall, m.recorder
	o.Trouble, o.Panicked = d.notices.trouble, d.notices.panicked
	return o
}

// openDHCP opens what answers DHCPv4 requests. An interface that can't be read
// has lookAgain called.
func (d *daemon) openDHCP(ctx context.Context, interfaces []dhcp.Interface, o *answer.Offers, lookAgain func()) (*answer.Offers4, *dhcp.Listener, error) {
	addresses, err := d.openAddresses(ctx, interfaces)
	if err != nil {
		return nil, nil, err
	}
	listener, err := dhcp.Listen(interfaces, dhcp.Hooks{
		Malformed: d.notices.malformedDHCP, Down: func(string, error) { lookAgain() },
		Overheard: o.Overheard,
		Panicked: func(iface string, value any, stack []byte) {
			d.notices.panicked("DHCP packet on "+iface, value, stack)
		},
	})
	if err != nil {
		return nil, nil, adviseListen(err)
	}
	listener.ServerAddrs = pools.Addrs(d.config.ServerAddrs, false)
	if d.menu != nil || d.config.AsBootServer != 0 {
		if err := listener.Join(pxe.DiscoveryGroup()); err != nil {
			return nil, nil, errors.Join(err, listener.Close())
		}
	}
	if addresses != nil && listener.Port67Taken && !d.config.Force {
		err := advice.New("another program on this host holds port 67; it is a DHCP server, most likely",
			"leave --dhcp server out to work beside it, stop it, or overrule this with --force")
		return nil, nil, errors.Join(err, listener.Close())
	}
	return &answer.Offers4{Offers: o, Addresses: addresses, Beside: listener.Port67Taken, Reach: listener.Reach, Send: listener.Send}, listener, nil
}

// adviseListen says what to do where DHCP can't be listened to.
func adviseListen(err error) error {
	var locked *dhcp.LockedError
	switch {
	case errors.As(err, &locked):
		return advice.Wrap(err, "stop that one, or give each its own by --interface: two on one wire would answer each machine twice")
	case errors.Is(err, fs.ErrPermission):
		return advice.Wrap(err, rightsAdvice)
	}
	return err
}

// openAddresses makes our own DHCP server; nil where another one gives the
// addresses.
func (d *daemon) openAddresses(ctx context.Context, interfaces []dhcp.Interface) (*dhcp.Server, error) {
	if d.config.DHCP != OwnDHCP || len(pools.Of(d.config.Pools, false)) == 0 {
		return nil, nil
	}
	given, err := d.config.asked().On(interfaces)
	if err != nil {
		return nil, err
	}
	if warning := pools.Unpooled(interfaces, given); warning != "" {
		d.notices.warn(warning)
	}
	if !d.config.Force {
		if err := pools.Alone(ctx, interfaces, given); err != nil {
			return nil, err
		}
	}
	return dhcp.NewServer(dhcp.ServerConfig{Pools: given, Store: leaseStore{d.store}, Authoritative: !d.config.Force})
}
