package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/hint"
)

// pools makes the DHCP server's pools of what the operator asked for.
func (c Config) pools(interfaces []dhcp.Interface) ([]dhcp.Pool, error) {
	var pools []dhcp.Pool
	for _, text := range c.Pools {
		p, err := c.pool(text, interfaces)
		if err != nil {
			return nil, err
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// pool reads A-B, or A-B/24 for a network behind a relay. Without a prefix
// length the network is that of the interface that the range lies on.
func (c Config) pool(text string, interfaces []dhcp.Interface) (dhcp.Pool, error) {
	span, bits, relayed := strings.Cut(text, "/")
	first, last, err := dhcp.ParseRange(span)
	if err != nil {
		return dhcp.Pool{}, hint.Wrap(err, "the lower address comes first")
	}
	p := dhcp.Pool{First: first, Last: last, DNS: c.DNS}
	if relayed {
		if p.Prefix, err = netip.ParsePrefix(first.String() + "/" + bits); err != nil {
			return dhcp.Pool{}, hint.Wrap(fmt.Errorf("--pool %s: %w", text, err), "write a pool behind a relay like 10.1.0.100-10.1.0.200/24")
		}
		p.Prefix = p.Prefix.Masked()
	}
	for _, i := range interfaces {
		for _, prefix := range i.Addrs {
			p.Exclude = append(p.Exclude, prefix.Addr())
			if !p.Prefix.IsValid() && prefix.Contains(first) && prefix.Contains(last) {
				p.Prefix = prefix.Masked()
			}
		}
	}
	if !p.Prefix.IsValid() {
		return dhcp.Pool{}, hint.New(fmt.Sprintf("the pool %s is on the network of no interface that Spur serves", text),
			"Spur serves "+describeInterfaces(interfaces)+"; choose the pool from one of these, or add /24 for a network behind a relay")
	}
	for _, router := range c.Routers {
		if p.Prefix.Contains(router) {
			p.Router = append(p.Router, router)
		}
	}
	return p, hint.Wrap(p.Check(), "correct --pool")
}

// alone refuses to give addresses where another server does: two of them on
// one wire hand out the same address to two machines sooner or later.
func alone(ctx context.Context, interfaces []dhcp.Interface, pools []dhcp.Pool) error {
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
			return hint.Wrap(fmt.Errorf("another DHCP server, %s, answers on %s", a.Server, i.Name),
				"leave --dhcp server out to work beside it, stop it, or overrule this with --force")
		}
	}
	return nil
}

// describeInterfaces lists interfaces with their addresses for people.
func describeInterfaces(interfaces []dhcp.Interface) string {
	text := ""
	for n, i := range interfaces {
		if n > 0 {
			text += ", "
		}
		text += i.Name
		for _, prefix := range i.Addrs {
			text += " " + prefix.String()
		}
	}
	return text
}
