package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/pools"
)

// serverAddrs are the addresses of ours that machines can be told, one for
// each network; where the operator chose some, those.
func serverAddrs(c Config, interfaces []dhcp.Interface) []netip.Prefix {
	var all []netip.Prefix
	chosen := pools.Addrs(c.ServerAddrs, false)
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
func (c Config) otherInterface(why error) string {
	switch {
	case len(c.Interfaces) == 0:
		return "bring an Ethernet interface up and give it an IPv4 address"
	case errors.As(why, new(dhcp.NoAddressError)):
		return "give it one, or choose another one with --interface"
	}
	return "choose another one with --interface"
}

// admit is alone for an interface that comes while Spur gives addresses.
func (d *daemon) admit(s *dhcp.Server) func(context.Context, dhcp.Interface) error {
	if d.config.Force {
		return nil
	}
	return func(ctx context.Context, i dhcp.Interface) error {
		return pools.Alone(ctx, []dhcp.Interface{i}, s.Pools())
	}
}
