package pools

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
)

// Alone refuses to give addresses where another server does: two of them on
// one wire hand out the same address to two machines sooner or later.
func Alone(ctx context.Context, interfaces []dhcp.Interface, pools []dhcp.Pool) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, i := range interfaces {
		if !slices.ContainsFunc(pools, func(p dhcp.Pool) bool { return i.OnLink(p.First) }) {
			continue
		}
		g.Go(func() error { return aloneOn(ctx, i) })
	}
	return g.Wait()
}

func aloneOn(ctx context.Context, i dhcp.Interface) error {
	answers, err := dhcp.Probe(ctx, i)
	if err != nil {
		return fmt.Errorf("look for other DHCP servers on %s: %w", i.Name, err)
	}
	for _, a := range answers {
		if !a.Proxy {
			return advice.Wrap(fmt.Errorf("another DHCP server, %s, answers on %s", a.Server, i.Name),
				"leave --dhcp server out to work beside it, stop it, or overrule this with --force")
		}
	}
	return nil
}

// Alone6 refuses to give addresses where another server does, and where advertise is set,
// to advertise where another router does. It looks only where a pool is on the wire.
func Alone6(ctx context.Context, interfaces []dhcp6.Interface, pools []dhcp6.Pool, advertise bool) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, i := range interfaces {
		if !slices.ContainsFunc(pools, func(p dhcp6.Pool) bool { return NetworkOf([]dhcp6.Interface{i}, p.First).IsValid() }) {
			continue
		}
		g.Go(func() error { return onlyServer6(ctx, i) })
		if advertise {
			g.Go(func() error { return onlyRouter(ctx, i) })
		}
	}
	return g.Wait()
}

func onlyServer6(ctx context.Context, i dhcp6.Interface) error {
	answers, err := dhcp6.Probe(ctx, i)
	switch {
	case errors.Is(err, dhcp6.ErrClientPort):
		return advice.Wrap(err, "where that is, another server is, most likely: leave the IPv6 --pool out to work beside it, or overrule this with --force")
	case err != nil:
		return err
	case len(answers) > 0:
		return advice.New(fmt.Sprintf("another DHCPv6 server, %s, answers on %s", answers[0].From, i.Name),
			"leave the IPv6 --pool out to work beside it, stop it, or overrule this with --force")
	}
	return nil
}

func onlyRouter(ctx context.Context, i dhcp6.Interface) error {
	routers, err := dhcp6.Routers(ctx, i)
	if err == nil && len(routers) > 0 {
		return advice.New(fmt.Sprintf("another router, %s, advertises itself on %s", routers[0], i.Name),
			"leave --ra out, and have that one say that addresses come by DHCPv6 (flag M); or stop it, or overrule this with --force")
	}
	return err
}
