package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
)

// pools makes the DHCP server's pools of what the operator asked for.
func (c Config) pools(interfaces []dhcp.Interface) ([]dhcp.Pool, error) {
	var pools []dhcp.Pool
	var networks []netip.Prefix
	for _, asked := range c.poolsOf(false) {
		p, err := c.pool(asked, interfaces)
		if err != nil {
			return nil, err
		}
		pools, networks = append(pools, p), append(networks, p.Prefix)
	}
	return pools, c.routersServed(networks)
}

// unpooled warns of pools of which none is on a network that Spur serves: fine
// behind a relay, and else mistyped. It is empty where one is.
func unpooled(interfaces []dhcp.Interface, pools []dhcp.Pool) string {
	behind := make([]string, 0, len(pools))
	for _, p := range pools {
		if slices.ContainsFunc(interfaces, func(i dhcp.Interface) bool { return i.OnLink(p.First) }) {
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
	return fmt.Sprintf("only machines behind a relay on %s get addresses; those on %s get none: for them add --pool %s",
		strings.Join(behind, ", "), describeInterfaces(interfaces), own)
}

// Pool is what the operator asks for as addresses to give.
type Pool struct {
	span  dhcp.Pool  // without a network where that is an interface's
	span6 dhcp6.Pool // likewise, where the addresses are of IPv6
	ipv6  bool
	whole bool   // all addresses of a network, or of a part of an interface's
	text  string // as it was written
}

// String is the pool as it was written.
func (p Pool) String() string { return p.text }

// ParsePool reads A-B, A-B/24 for a network behind a relay, or a network such
// as 10.0.0.0/24 for all of its addresses; likewise for IPv6.
func ParsePool(text string) (Pool, error) {
	if strings.Contains(text, ":") {
		return parsePool6(text)
	}
	span, err := parseSpan(text)
	return Pool{span: span, whole: !strings.Contains(text, "-"), text: text}, err
}

func parseSpan(text string) (dhcp.Pool, error) {
	span, bits, slash := strings.Cut(text, "/")
	if slash && !strings.Contains(span, "-") {
		return wholeNetwork(text)
	}
	first, last, err := dhcp.ParseRange(span)
	if err != nil {
		return dhcp.Pool{}, advice.Wrap(fmt.Errorf("--pool: %w", err), "the lower address comes first; a network such as 192.168.77.0/24 stands for all its addresses")
	}
	p := dhcp.Pool{First: first, Last: last}
	if slash {
		if p.Prefix, err = netip.ParsePrefix(first.String() + "/" + bits); err != nil {
			return dhcp.Pool{}, advice.Wrap(fmt.Errorf("--pool %s: %q is no number of bits from 0 to 32", text, bits), "write a pool behind a relay like 10.1.0.100-10.1.0.200/24")
		}
		p.Prefix = p.Prefix.Masked()
	}
	return p, nil
}

// wholeNetwork reads a network that is given whole.
func wholeNetwork(text string) (dhcp.Pool, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !prefix.Addr().Is4():
		return dhcp.Pool{}, advice.New(fmt.Sprintf("--pool %s is no IPv4 network", text), "a network looks like 192.168.77.0/24, a range like 192.168.77.100-192.168.77.200")
	case prefix != prefix.Masked():
		return dhcp.Pool{}, advice.New(fmt.Sprintf("--pool %s is an address in the network %s", text, prefix.Masked()), "name the network, for all its addresses, or a range")
	case prefix.Bits() > 30:
		return dhcp.Pool{}, advice.New(fmt.Sprintf("--pool %s has no addresses to give", text), "name a larger network, or a range")
	}
	return dhcp.WholeNetwork(prefix), nil
}

// pool is one of the DHCP server's pools. Where no network was named, or a part
// of an interface's, the network is that of the interface.
func (c Config) pool(asked Pool, interfaces []dhcp.Interface) (dhcp.Pool, error) {
	p, whole := asked.span, asked.whole
	p.DNS = addrsOf(c.DNS, false)
	for _, i := range interfaces {
		for _, prefix := range i.Addrs {
			p.Exclude = append(p.Exclude, prefix.Addr())
			if (!p.Prefix.IsValid() || whole) && prefix.Contains(p.First) && prefix.Contains(p.Last) {
				p.Prefix, whole = prefix.Masked(), false
			}
		}
	}
	if !p.Prefix.IsValid() {
		return dhcp.Pool{}, advice.New(fmt.Sprintf("the pool %s is on the network of no interface that Spur serves", asked),
			"Spur serves "+describeInterfaces(interfaces)+"; choose the pool from one of these, or add /24 for a network behind a relay")
	}
	for _, router := range c.Routers {
		if p.Prefix.Contains(router) {
			p.Router = append(p.Router, router)
		}
	}
	return p, advice.Wrap(p.Check(), "correct --pool")
}

// serverAddrs are the addresses of ours that machines can be told, one for
// each network; where the operator chose some, those.
func serverAddrs(c Config, interfaces []dhcp.Interface) []netip.Prefix {
	var all []netip.Prefix
	chosen := addrsOf(c.ServerAddrs, false)
	for _, i := range interfaces {
		for _, p := range i.Addrs {
			if len(chosen) == 0 && i.ServerFor(p.Addr()) == p.Addr() || slices.Contains(chosen, p.Addr()) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 && len(chosen) > 0 {
		return []netip.Prefix{netip.PrefixFrom(chosen[0], 0)} // on no interface that is served
	}
	return all
}

// checkServerAddrs refuses to tell machines an address that isn't this host's.
func (c Config) checkServerAddrs() error {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("list the addresses of this host: %w", err)
	}
	var ours []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() && !p.Addr().IsLinkLocalUnicast() {
			ours = append(ours, p.Addr())
		}
	}
	for _, a := range c.ServerAddrs {
		if !slices.Contains(ours, a) {
			return advice.New(fmt.Sprintf("--server-address %s is no address of this host", a), "choose "+oneOf(ours))
		}
	}
	return nil
}

// oneOf lists addresses to choose from, for people.
func oneOf(addrs []netip.Addr) string {
	texts := make([]string, 0, len(addrs))
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	switch len(texts) {
	case 0:
		return "one that you have given to an interface before; it has none"
	case 1:
		return texts[0] + ", which is the only one"
	}
	return "one of " + strings.Join(texts, ", ")
}

// otherInterface says what to do where no interface can serve, or not the one
// that was named.
func (c Config) otherInterface() string {
	if len(c.Interfaces) == 0 {
		return "bring an Ethernet interface up and give it an IPv4 address"
	}
	return "choose another one with --interface"
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

// admit is alone for an interface that comes while Spur gives addresses.
func (d *daemon) admit(s *dhcp.Server) func(context.Context, dhcp.Interface) error {
	if d.config.Force {
		return nil
	}
	return func(ctx context.Context, i dhcp.Interface) error {
		return alone(ctx, []dhcp.Interface{i}, s.Pools())
	}
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

// describeInterfaces lists interfaces with their addresses for people.
func describeInterfaces(interfaces []dhcp.Interface) string {
	if len(interfaces) == 0 {
		return "no interface over IPv4"
	}
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
