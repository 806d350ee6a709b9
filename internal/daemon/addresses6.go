package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp6"
)

// addrsOf are those of one version of IP.
func addrsOf(all []netip.Addr, ipv6 bool) []netip.Addr {
	var some []netip.Addr
	for _, a := range all {
		if a.Is6() == ipv6 {
			some = append(some, a)
		}
	}
	return some
}

// poolsOf are those of one version of IP. Where there are none, another server
// gives the addresses of that.
func (c Config) poolsOf(ipv6 bool) []Pool {
	var some []Pool
	for _, p := range c.Pools {
		if p.ipv6 == ipv6 {
			some = append(some, p)
		}
	}
	return some
}

const pool6Advice = "a network looks like fd77::/64, a range like fd77::50-fd77::99; the lower address comes first"

// parsePool6 reads A-B, A-B/64 for a network behind a relay, or a network.
func parsePool6(text string) (Pool, error) {
	span, err := parseSpan6(text)
	return Pool{span6: span, ipv6: true, whole: !strings.Contains(text, "-"), text: text}, err
}

func parseSpan6(text string) (dhcp6.Pool, error) {
	span, bits, slash := strings.Cut(text, "/")
	if !strings.Contains(span, "-") {
		return wholeNetwork6(text)
	}
	first, last, err := dhcp6.ParseRange(span)
	if err != nil {
		return dhcp6.Pool{}, advice.Wrap(fmt.Errorf("--pool: %w", err), pool6Advice)
	}
	p := dhcp6.Pool{First: first, Last: last}
	if !slash {
		return p, nil
	}
	if p.Prefix, err = netip.ParsePrefix(first.String() + "/" + bits); err != nil {
		return p, advice.Wrap(fmt.Errorf("--pool %s: %q is no number of bits from 0 to 128", text, bits), "write a pool behind a relay like fd78::50-fd78::99/64")
	}
	p.Prefix = p.Prefix.Masked()
	return p, advice.Wrap(p.Check(), pool6Advice)
}

// wholeNetwork6 reads a network that is given whole.
func wholeNetwork6(text string) (dhcp6.Pool, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return dhcp6.Pool{}, advice.New(fmt.Sprintf("--pool %s is no IPv6 network", text), pool6Advice)
	case prefix != prefix.Masked():
		return dhcp6.Pool{}, advice.New(fmt.Sprintf("--pool %s is an address in the network %s", text, prefix.Masked()), "name the network, for its addresses, or a range")
	case prefix.Bits() > 126:
		return dhcp6.Pool{}, advice.New(fmt.Sprintf("--pool %s has no addresses to give", text), "name a larger network, or a range")
	}
	p := dhcp6.WholeNetwork(prefix)
	return p, advice.Wrap(p.Check(), pool6Advice)
}

// pools6 makes the DHCPv6 server's pools of what the operator asked for. A network
// that wasn't named is the interface's.
func (c Config) pools6(interfaces []dhcp6.Interface) ([]dhcp6.Pool, error) {
	var pools []dhcp6.Pool
	for _, asked := range c.poolsOf(true) {
		p := asked.span6
		p.DNS = addrsOf(c.DNS, true)
		if on := networkOf(interfaces, p.First); on.IsValid() && on.Contains(p.Last) && (!p.Prefix.IsValid() || asked.whole) {
			p.Prefix = on
		}
		if !p.Prefix.IsValid() {
			return nil, advice.New(fmt.Sprintf("the pool %s is on the network of no interface that Spur serves", asked),
				"Spur serves "+describeInterfaces6(interfaces)+"; give an interface an address of that network, or add /64 for a network behind a relay")
		}
		if err := p.Check(); err != nil {
			return nil, advice.Wrap(err, "correct --pool")
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// networkOf is that of the interface on whose wire an address is; the zero value
// where it is on none.
func networkOf(interfaces []dhcp6.Interface, a netip.Addr) netip.Prefix {
	for _, i := range interfaces {
		for _, prefix := range i.Addrs {
			if prefix.Contains(a) {
				return prefix.Masked()
			}
		}
	}
	return netip.Prefix{}
}

// unpooled6 warns of pools of which none is on a network that Spur serves; it is
// empty where one is.
func unpooled6(interfaces []dhcp6.Interface, pools []dhcp6.Pool) string {
	var behind []string
	for _, p := range pools {
		if networkOf(interfaces, p.First).IsValid() {
			return ""
		}
		behind = append(behind, p.Prefix.String())
	}
	own := "A-B"
	for _, i := range interfaces {
		for _, prefix := range i.Addrs {
			own = prefix.Masked().String()
		}
	}
	return fmt.Sprintf("only machines behind a relay on %s get IPv6 addresses; those on %s get none: for them add --pool %s",
		strings.Join(behind, ", "), describeInterfaces6(interfaces), own)
}

// alone6 refuses to give addresses where another server does, and to advertise
// where another router does. It looks only where a pool is on the wire.
func (c Config) alone6(ctx context.Context, interfaces []dhcp6.Interface, pools []dhcp6.Pool) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, i := range interfaces {
		if !slices.ContainsFunc(pools, func(p dhcp6.Pool) bool { return networkOf([]dhcp6.Interface{i}, p.First).IsValid() }) {
			continue
		}
		g.Go(func() error { return onlyServer6(ctx, i) })
		if c.RA {
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

// describeInterfaces6 lists interfaces for people, with the IPv6 address that
// machines on each of their networks are told.
func describeInterfaces6(interfaces []dhcp6.Interface) string {
	var all []string
	for _, i := range interfaces {
		text := i.Name
		for _, prefix := range i.Addrs {
			if i.ServerFor(prefix.Addr()) == prefix.Addr() {
				text += " " + prefix.String()
			}
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "no interface over IPv6"
	}
	return strings.Join(all, ", ")
}
