package daemon

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/route"
)

// UsageError is an error in what was asked for, whatever this host is like:
// words that can't be understood, or that don't go together.
type UsageError struct{ error }

// Unwrap is the error itself.
func (u UsageError) Unwrap() error { return u.error }

// misused marks an error as one of usage. A nil error stays nil.
func misused(err error) error {
	if err == nil {
		return nil
	}
	return UsageError{err}
}

// Check tells whether the parts of a configuration fit together.
func (c Config) Check() error {
	if err := c.CheckAsBootServer(); err != nil {
		return err
	}
	if err := c.CheckBoot(); err != nil {
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

// Check tells what of a target can't be understood, before anything is looked
// into.
func (t Target) Check(c Config) error {
	for _, arch := range t.architectures() {
		if err := t.For[arch].Check(c); err != nil {
			return err
		}
	}
	if t.As != "" && !slices.Contains(kinds(), t.As) {
		return misused(advice.New(fmt.Sprintf("--as %s is unknown", t.As), "it is one of "+strings.Join(kinds(), ", ")))
	}
	if t.Menu != nil {
		if err := t.Menu.checkWith(c); err != nil {
			return err
		}
	}
	if c.DHCP == WithoutDHCP && t.RootPath != "" {
		return misused(advice.New("--root-path is sent by DHCP, and with --dhcp off Spur sends none", "enter it into your DHCP server, as option 17"))
	}
	for flag, text := range map[string]string{"--cmdline": t.Cmdline, "--root-path": t.RootPath} {
		if line := strings.Join(strings.Fields(text), " "); printable.Line(line) != line {
			return misused(advice.New(flag+" isn't UTF-8 or has control characters: "+printable.Line(line), "leave them out"))
		}
	}
	if _, err := boot.ParseCmdline(t.Cmdline); err != nil {
		return misused(advice.Wrap(err, "write one of these, the file's name in quotes, or leave the braces out"))
	}
	for _, name := range append([]string{t.Kernel}, t.Initrds...) {
		if _, err := located(name); err != nil {
			return misused(err)
		}
	}
	return nil
}

// onlyItself refuses what goes with a kernel beside a target of another kind.
func (t Target) onlyItself(kind, remedy string) error {
	var given []string
	if len(t.Initrds) > 0 {
		given = append(given, "INITRD")
	}
	if t.Cmdline != "" {
		given = append(given, "--cmdline")
	}
	if len(t.Modules) > 0 {
		given = append(given, "--module")
	}
	if t.DTB != "" {
		given = append(given, "--dtb")
	}
	if t.Message != "" {
		given = append(given, "--message")
	}
	if len(given) == 0 {
		return nil
	}
	return misused(advice.New(fmt.Sprintf("%s is %s, without %s", t.Kernel, kind, strings.Join(given, " and ")), remedy))
}
