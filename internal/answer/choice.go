package answer

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/timeline"
)

// otherServer says which boot server of somebody else a request is for; "" where it
// is for none or for us. A ROM without a menu asks for none, or for type 0.
func (o *Offers4) otherServer(r pxe.Request) string {
	if !r.Discovers() || o.serves(r.BootItem.Type) {
		return ""
	}
	if item, ok := o.Decider.Menu.Find(uint16(r.BootItem.Type)); ok {
		return fmt.Sprintf("chose %s, and looks for its boot server", item.Title)
	}
	return fmt.Sprintf("looks for a boot server of type %s, which Spur isn't (it is one with --as-boot-server %d)", r.BootItem.Type, r.BootItem.Type)
}

// serves tells whether we are a boot server of a type.
func (o *Offers4) serves(t pxe.BootType) bool {
	item, _ := o.Decider.Menu.Find(uint16(t))
	switch {
	case t == pxe.LocalBoot:
		return true
	case o.Only != 0:
		return t == o.Only
	case o.Decider.Menu == nil:
		return t == pxe.OwnType // of the menu of one item
	}
	return item.Ours
}

// chosen is a client with the item that was chosen in front of its machine, now or
// by the program before it.
func (o *Offers4) chosen(c boot.Client, r pxe.Request, now time.Time) boot.Client {
	switch {
	case o.Decider.Menu == nil && o.Only == 0:
	case c.Item != 0:
		if o.Only != 0 {
			o.choices.Shown(c, false, now) // by another server
		}
		o.choices.Chose(c, now)
	default:
		if r.Type == dhcpv4.MessageTypeDiscover {
			o.choices.Begins(c)
		}
		c.Item, _ = o.choices.Of(c, now)
	}
	return c
}

// noteShown notes that a client is shown a menu, by which it may leave us.
func (o *Offers4) noteShown(d decide.Decision, now time.Time) {
	if d.Menu != nil {
		o.choices.Shown(d.Client, len(d.Menu.Elsewhere()) > 0, now)
	}
}

// leftAlone tells whether a client is to go on without us, and tells the story so: one
// that another server's menu has to lead here first, and firmware whose machine was let
// choose over PXE, and chose what isn't ours. That its next boot options are HTTP Boot or
// IPv6 must not have it install what a person did not choose.
func (o *Offers) leftAlone(c boot.Client, now time.Time) bool {
	_, left := o.choices.Of(c, now)
	switch {
	case o.Only != 0 && c.Item == 0:
		o.observeIgnored(c, fmt.Sprintf("Spur waits until boot server type %s, which it is, is chosen from another server's menu", o.Only))
	case left && c.Loader == boot.ROM && !decide.ShowsMenus(c):
		o.observeIgnored(c, "it was shown the menu over PXE, and none of Spur's items was chosen; this is its firmware's next boot option")
	default:
		return false
	}
	return true
}

// titleOf is what the story calls the item that a request is for; "" for none.
func (o *Offers4) titleOf(r pxe.Request) string {
	if r.BootItem == nil {
		return ""
	}
	if o.Only != 0 && r.BootItem.Type == o.Only {
		return fmt.Sprintf("boot server type %s, which is Spur", o.Only)
	}
	item, ok := o.Decider.Menu.Find(uint16(r.BootItem.Type))
	if !ok {
		return ""
	}
	at := slices.IndexFunc(o.Decider.Menu.Items, func(i decide.Item) bool { return i.Type == item.Type })
	return fmt.Sprintf("item %d, %s", at+1, item.Title)
}

// MenuOf is a menu as DHCPv4 encodes it, for a client that reaches us at an address.
func MenuOf(m *decide.Menu, server netip.Addr) *pxe.Menu {
	if m == nil {
		return nil
	}
	encoded := &pxe.Menu{Prompt: m.Prompt, Timeout: m.Timeout}
	for _, i := range m.Items {
		item := pxe.MenuItem{Type: pxe.BootType(i.Type), Title: i.Title, Servers: i.Servers}
		if i.Ours {
			item.Servers = []netip.Addr{server}
		}
		encoded.Items = append(encoded.Items, item)
	}
	return encoded
}

// menuInStory is what of a menu the timeline is told.
func menuInStory(m *decide.Menu) *timeline.Menu {
	if m == nil {
		return nil
	}
	wait := time.Duration(m.Timeout) * time.Second
	if m.Timeout == decide.WaitsForGood {
		wait = -1
	}
	return &timeline.Menu{Wait: wait, Elsewhere: m.Elsewhere()}
}
