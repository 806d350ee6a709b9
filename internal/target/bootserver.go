package target

import (
	"cmp"
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
		return pxe.MenuItem{}, advice.Misused(advice.Wrap(fmt.Errorf("--boot-server %s: %w", text, err), "write --boot-server 'wds=10.0.0.5:Windows', for example, or --boot-server local"))
	}
	item := pxe.MenuItem{Type: t, Title: cmp.Or(title, t.Title())}
	if listed && t == pxe.LocalBoot {
		return item, advice.Misused(advice.New(fmt.Sprintf("--boot-server %s: a machine boots from its own disk without any server", text), "leave the address out: --boot-server local"))
	}
	for _, a := range strings.Split(addrs, ",") {
		if !listed {
			break
		}
		addr, err := netip.ParseAddr(a)
		if err != nil || !addr.Is4() {
			return item, advice.Misused(advice.New(fmt.Sprintf("--boot-server %s: %q is no IPv4 address", text, a), "write --boot-server TYPE=ADDRESS:TITLE, or leave =ADDRESS out to have machines look for the server"))
		}
		item.Servers = append(item.Servers, addr)
	}
	return item, nil
}
