package main

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/daemon"
	"github.com/spurboot/spur/internal/pools"
)

// networkFlags say where machines are answered, and which addresses they get.
type networkFlags struct {
	interfaces []string
	servers    []string
	pools      []string
	routers    []string
	dns        []string
	ra         bool
	force      bool
}

// addNetwork adds them around --dhcp, which sets dhcp.
func (f *networkFlags) addNetwork(flags *pflag.FlagSet, dhcp *string) {
	flags.StringSliceVarP(&f.interfaces, "interface", "i", nil, "serve on these `interfaces` only, which may go and come back (default: all that can)")
	flags.StringSliceVar(&f.servers, "server-address", nil, "tell machines this `address` of the host's (default: the one on the machine's network)")
	flags.StringVar(dhcp, "dhcp", "proxy", "`who` gives addresses: proxy: beside the network's DHCP server; server: give addresses; off: files only")
	flags.StringSliceVar(&f.pools, "pool", nil, "`addresses` to give, with --dhcp server: 10.0.0.100-10.0.0.200, or all of 10.0.0.0/24; with /24 behind a range, for a network behind a relay; for IPv6 fd77::50-fd77::99 or fd77::/64")
	flags.StringSliceVar(&f.routers, "router", nil, "`router` to tell machines of, with --dhcp server (default: none)")
	flags.StringSliceVar(&f.dns, "dns", nil, "name `servers` to tell machines of, with --dhcp server")
	flags.BoolVar(&f.ra, "ra", false, "with --dhcp server: send router advertisements for the networks of IPv6 pools, without which machines don't ask over IPv6; only where there is no other router")
	flags.BoolVar(&f.force, "force", false, "with --dhcp server: give addresses even where another DHCP server answers, and --ra beside another router")
}

// network says in a configuration which addresses machines are told.
func (f *networkFlags) network(cmd *cobra.Command, c *daemon.Config) (err error) {
	if c.ServerAddrs, err = addresses("--server-address", f.servers); err != nil {
		return usage(cmd, err)
	}
	if c.Routers, err = addresses("--router", f.routers); err != nil {
		return usage(cmd, err)
	}
	if c.DNS, err = addresses("--dns", f.dns); err != nil {
		return usage(cmd, err)
	}
	return nil
}

// given says in a configuration which addresses machines are given.
func (f *networkFlags) given(_ *cobra.Command, c *daemon.Config) error {
	for _, text := range f.pools {
		pool, err := pools.Parse(text)
		if err != nil {
			return usageError{err}
		}
		c.Pools = append(c.Pools, pool)
	}
	return nil
}

func addresses(flag string, texts []string) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, text := range texts {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Is4In6() || a.Zone() != "" {
			return nil, fmt.Errorf("%s: %q is no IP address", flag, text)
		}
		all = append(all, a)
	}
	return all, nil
}
