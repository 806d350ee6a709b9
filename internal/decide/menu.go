package decide

import (
	"cmp"
	"context"
	"errors"
	"net/netip"

	"github.com/spurboot/spur/internal/boot"
)

// Menu is what people choose from in front of a machine, in its firmware's own
// menu. It is made of types of boot servers: some are ours, each for a payload,
// which a resolver gives to clients with that Item.
type Menu struct {
	Items   []Item // the first is what a machine boots where nobody chooses
	Prompt  string
	Timeout uint8 // in seconds until then; 0: at once
}

// WaitsForGood is the time-out of a menu that is shown at once, until somebody chooses.
const WaitsForGood = 255

// Item is a line of a menu.
type Item struct {
	Type    uint16
	Title   string
	Ours    bool
	Servers []netip.Addr // of others
}

// Find finds the item of a type.
func (m *Menu) Find(t uint16) (Item, bool) {
	if m != nil {
		for _, item := range m.Items {
			if item.Type == t {
				return item, true
			}
		}
	}
	return Item{}, false
}

// Elsewhere are the titles of items that don't lead to us.
func (m *Menu) Elsewhere() []string {
	var titles []string
	for _, item := range m.Items {
		if !item.Ours {
			titles = append(titles, item.Title)
		}
	}
	return titles
}

// choose decides for a client that has chosen nothing yet: it boots the first item
// that it can boot, and is shown those that it can, and those of others.
func (d Decider) choose(ctx context.Context, c boot.Client) (Decision, error) {
	shown := Menu{Prompt: d.Menu.Prompt, Timeout: d.Menu.Timeout}
	var first Decision
	var why error
	for _, item := range d.Menu.Items {
		if item.Ours {
			c.Item = item.Type
			can, err := d.decide(ctx, c)
			var none NoRoute
			switch {
			case errors.As(err, &none):
				why = cmp.Or(why, err)
				continue
			case err != nil:
				return Decision{}, err
			case first.Route.Name == "":
				first = can
			}
		}
		shown.Items = append(shown.Items, item)
	}
	if first.Route.Name == "" {
		return Decision{}, why
	}
	if ShowsMenus(c) {
		first.Menu = &shown
	}
	return first, nil
}

// ShowsMenus tells whether a program shows menus: ROMs by PXE, and iPXE. DHCPv6 and
// HTTP Boot have none.
func ShowsMenus(c boot.Client) bool {
	return !c.IPv6 && c.Proto == boot.PXE && (c.Loader == boot.ROM || c.Loader == boot.IPXE)
}
