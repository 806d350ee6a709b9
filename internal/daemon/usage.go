package daemon

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/target"
)

// Check tells whether the parts of a configuration fit together.
func (c Config) Check() error {
	if err := c.CheckAsBootServer(); err != nil {
		return err
	}
	if err := c.CheckBoot(); err != nil {
		return err
	}
	if err := c.checkPorts(nil); err != nil {
		return err
	}
	switch c.DHCP {
	case ProxyDHCP, WithoutDHCP:
		if flag := c.onlyForOwnDHCP(); flag != "" {
			return advice.New(flag+" is only for --dhcp server", "add --dhcp server, or leave "+flag+" out: another DHCP server gives the addresses")
		}
	case OwnDHCP:
		if len(c.Pools) == 0 {
			return advice.New("--dhcp server needs a pool of addresses to give", "name one with --pool, such as --pool 10.0.0.100-10.0.0.200")
		}
		return c.checkIPv6()
	default:
		return advice.New(fmt.Sprintf("--dhcp %s is unknown", c.DHCP), "it is one of proxy, server, off")
	}
	return c.HTTPS.Check(c)
}

// checkIPv6 refuses what DHCPv6 can't tell, and a router advertisement for no
// network.
func (c Config) checkIPv6() error {
	if routers := pools.Addrs(c.Routers, true); len(routers) > 0 {
		return advice.New(fmt.Sprintf("--router %s: DHCPv6 tells machines of no router; the routers advertise themselves", routers[0]), "leave it out")
	}
	for _, a := range c.DNS {
		if len(pools.Of(c.Pools, a.Is6())) == 0 {
			return advice.New(fmt.Sprintf("--dns %s: machines that get addresses of --pool can't use it, which is of the other version of IP", a), "leave it out, or add a --pool of its version")
		}
	}
	if c.RA && len(pools.Of(c.Pools, true)) == 0 {
		return advice.New("--ra advertises the network of an IPv6 --pool, and there is none", "add one, such as --pool fd77::/64, or leave --ra out")
	}
	return nil
}

// CheckBoot tells whether what is said of Secure Boot and of loaders can be
// understood.
func (c Config) CheckBoot() error {
	switch c.SecureBoot {
	case "", route.SecureBootAuto, route.SecureBootOn, route.SecureBootOff:
		_, err := c.askedLoader()
		return err
	}
	return advice.New(fmt.Sprintf("--secure-boot %s is unknown", c.SecureBoot), "it is one of auto, on, off")
}

// askedLoader is the loader that was asked for; empty for none in particular.
func (c Config) askedLoader() (boot.Loader, error) {
	if c.Loader == "" {
		return "", nil
	}
	asked, ok := route.LoaderNamed(c.Loader)
	if !ok {
		return "", advice.New(fmt.Sprintf("--loader %s is unknown", c.Loader), "it is one of "+strings.Join(route.LoaderNames(), ", "))
	}
	return asked, nil
}

// onlyForOwnDHCP names a flag that says something to a DHCP server of ours.
func (c Config) onlyForOwnDHCP() string {
	switch {
	case len(c.Pools) > 0:
		return "--pool"
	case len(c.Routers) > 0:
		return "--router"
	case len(c.DNS) > 0:
		return "--dns"
	case c.RA:
		return "--ra"
	case c.Force:
		return "--force"
	}
	return ""
}

// CheckTarget tells what of a target can't be understood, or doesn't go with the
// configuration, before anything is looked into.
func (c Config) CheckTarget(t target.Target) error {
	return t.Check(c.surroundings())
}

// surroundings are what of it rules some targets out.
func (c Config) surroundings() target.Surroundings {
	return target.Surroundings{WithoutDHCP: c.DHCP == WithoutDHCP, AsBootServer: c.AsBootServer != 0}
}
