package onlooker

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
)

// menuShown is the menu that an offer brings, for the story. A single item is no
// choice. An item leads elsewhere where the server that offers it isn't one of its own.
func (o *overhearing) menuShown(m *dhcpv4.DHCPv4, server netip.Addr) *timeline.Menu {
	menu, ok := pxe.ReadMenu(m.Options[uint8(dhcpv4.OptionVendorSpecificInformation)])
	if !ok || len(menu.Items) < 2 {
		return nil
	}
	o.menu = menu
	shown := &timeline.Menu{Wait: time.Duration(menu.Timeout) * time.Second}
	if menu.Timeout == 255 {
		shown.Wait = -1
	}
	for _, item := range menu.Items {
		if !slices.Contains(item.Servers, server) {
			shown.Elsewhere = append(shown.Elsewhere, item.Title)
		}
	}
	return shown
}

// chosenItem is what the item is called that a request is for; "" where it is for none
// of a menu.
func (o *overhearing) chosenItem(r pxe.Request) string {
	if !r.Discovers() {
		return ""
	}
	at := slices.IndexFunc(o.menu.Items, func(i pxe.MenuItem) bool { return i.Type == r.BootItem.Type })
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("item %d, %s", at+1, o.menu.Items[at].Title)
}
