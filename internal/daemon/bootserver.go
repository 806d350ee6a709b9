package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/pxe"
)

// parseBootServer reads TYPE[=ADDRESS[,ADDRESS…]][:TITLE].
func parseBootServer(text string) (pxe.MenuItem, error) {
	what, title, _ := strings.Cut(text, ":")
	kind, addrs, listed := strings.Cut(what, "=")
	t, err := pxe.ParseBootType(kind)
	if err != nil {
		return pxe.MenuItem{}, misused(advice.Wrap(fmt.Errorf("--boot-server %s: %w", text, err), "write --boot-server 'wds=10.0.0.5:Windows', for example, or --boot-server local"))
	}
	item := pxe.MenuItem{Type: t, Title: cmp.Or(title, t.Title())}
	if listed && t == pxe.LocalBoot {
		return item, misused(advice.New(fmt.Sprintf("--boot-server %s: a machine boots from its own disk without any server", text), "leave the address out: --boot-server local"))
	}
	for _, a := range strings.Split(addrs, ",") {
		if !listed {
			break
		}
		addr, err := netip.ParseAddr(a)
		if err != nil || !addr.Is4() {
			return item, misused(advice.New(fmt.Sprintf("--boot-server %s: %q is no IPv4 address", text, a), "write --boot-server TYPE=ADDRESS:TITLE, or leave =ADDRESS out to have machines look for the server"))
		}
		item.Servers = append(item.Servers, addr)
	}
	return item, nil
}

// CheckAsBootServer tells whether the type of boot server that Spur is to be goes with
// the rest of what it is to do.
func (c Config) CheckAsBootServer() error {
	switch {
	case c.AsBootServer == 0:
		return nil
	case c.DHCP != ProxyDHCP:
		return advice.New(fmt.Sprintf("--as-boot-server has another server offer what to boot, and --dhcp %s doesn't", c.DHCP), "leave --dhcp out")
	}
	return nil
}

// ParseAsBootServer reads the type of boot server that Spur is to be; "" is none.
func ParseAsBootServer(text string) (pxe.BootType, error) {
	if text == "" {
		return 0, nil
	}
	t, err := pxe.ParseBootType(text)
	if err == nil && t == pxe.LocalBoot {
		err = errors.New("type 0 is a machine's own disk")
	}
	if err != nil {
		return 0, advice.Wrap(fmt.Errorf("--as-boot-server: %w", err), "name the type that the other server's menu has for Spur, such as 32770")
	}
	return t, nil
}
