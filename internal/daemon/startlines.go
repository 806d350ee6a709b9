package daemon

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/pools"
)

// itemLines are the items of a menu.
func (d *daemon) itemLines() []string {
	var lines []string
	for _, item := range d.items {
		lines = append(lines, "  "+item)
	}
	return lines
}

// signed says which key signs what machines get.
func (d *daemon) signed() []string {
	if d.signing == nil {
		return nil
	}
	return []string{fmt.Sprintf("What it gives out is signed for Secure Boot by %q.", d.signedBy)}
}

// addressLines say where addresses come from, and what others must do.
func addressLines(c Config, s *service) []string {
	if c.DHCP == WithoutDHCP {
		return pointers(c, s.files.tree.Host, s.interfaces)
	}
	var lines []string
	if len(c.Pools) > 0 {
		given := make([]string, 0, len(c.Pools))
		for _, p := range c.Pools {
			given = append(given, p.String())
		}
		lines = append(lines, "It gives the addresses "+strings.Join(given, ", ")+".")
	}
	if len(pools.Of(c.Pools, false)) == 0 && len(s.interfaces) > 0 {
		what, where := "Addresses", "on the network"
		if len(c.Pools) > 0 {
			what = "IPv4 addresses"
		}
		if s.listener.Port67Taken {
			where = "on this host"
		}
		adds := "Spur adds what to boot"
		if c.AsBootServer != 0 {
			adds = fmt.Sprintf("Spur makes no offers, and answers who chooses a boot server of type %s", c.AsBootServer)
		}
		lines = append(lines, what+" come from the DHCP server "+where+"; "+adds+".")
	}
	return lines
}
