package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Item is the way by which the loader of a route, which draws a menu on a client, starts
// an item of it; why says what is in the way. An iPXE goes by a ladder of its own. Others
// boot the item as they would boot it alone.
func (r Route) Item(c boot.Client, item boot.Payload, host Host) (way Route, why string) {
	c = host.knows(c)
	if r.Loader == boot.IPXE {
		if r.Role == NBP { // it will ask as itself
			c.Loader, c.Proto, c.Features = boot.IPXE, boot.PXE, boot.UsualIPXE
		}
		ladder := Routes(c, item, host)
		if len(ladder.Routes) == 0 {
			return Route{}, ladder.Obstacle(c)
		}
		same := slices.IndexFunc(ladder.Routes, func(way Route) bool { return way.Name == r.Name })
		return ladder.Routes[max(same, 0)], ""
	}
	return r.itemByOne(c, item, host)
}

// itemByOne is Item of a loader that boots an item itself: the binary of it that draws the
// menu must be able to.
func (r Route) itemByOne(c boot.Client, item boot.Payload, host Host) (way Route, why string) {
	loader := FindLoader(r.Loader)
	drawing, _ := host.Loaders.Given(r, c)
	form, why, _ := loader.formAmong(slices.Concat(loader.Brings, loader.Chains), entryOf(r), c, item, host)
	switch {
	case why != "":
	case form == GRUBMemdiskForm:
		why = fmt.Sprintf("the %s that draws the menu doesn't have the disk in it", loader.Kind)
	case loader.Refuses != nil && loader.Refuses(c, item) != "":
		why = loader.Refuses(c, item)
	case !r.Shim && loader.Needs != nil && !drawing.Identity.Features.Has(loader.Needs(form)):
		why = fmt.Sprintf("the %s that draws the menu can't start it", loader.Kind)
	case r.Shim && host.strange(item, r, c) != "":
		why = host.strange(item, r, c)
	case drawing.lackingFor(form) != "":
		why = fmt.Sprintf("%s needs %s beside it for that", drawing.File, drawing.lackingFor(form))
	}
	r.Form = form
	return r, why
}

// entryOf is the entry of a route.
func entryOf(r Route) Entry {
	name, _, _ := strings.Cut(r.Name, "@")
	all := Entries()
	if at := slices.IndexFunc(all, func(e Entry) bool { return e.Name == name }); at >= 0 {
		return all[at]
	}
	return Entry{}
}

// drawsNothing says why a loader would draw a menu of nothing on a client, or "". That is
// the reason of the first item which isn't the machine's own disk, where there is one: about
// others the disk's says nothing.
func (r Route) drawsNothing(c boot.Client, p boot.Payload, host Host) string {
	menu, ok := p.Content.(boot.Menu)
	if !ok {
		return ""
	}
	reason, ofLocal := "it has no items", true
	for n, i := range menu.Items {
		_, why := r.Item(c, i.Payload, host)
		if why == "" {
			return ""
		}
		_, local := i.Payload.Content.(boot.Local)
		if n == 0 || ofLocal && !local {
			reason, ofLocal = why, local
		}
	}
	return fmt.Sprintf("nothing of the menu can boot there: %s", reason)
}

// LocalDisk stands where a route names a file, and firmware is given none.
const LocalDisk = "local-disk"

// unfitLocal says why firmware can't be sent to what it boots after the network, or "".
// A menu of PXE's does that (PXE 2.1 section 2.2.4, boot server type 0); a loader that
// speaks leaves.
func unfitLocal(c boot.Client, _ boot.Payload, _ Host) string {
	switch {
	case c.Loader == boot.ROM && c.IPv6:
		return "firmware that asks over IPv6 goes on to its disk by itself, once nobody has answered"
	case c.Loader == boot.ROM && c.Proto != boot.PXE:
		return fmt.Sprintf("firmware that asks over %s goes on to its disk by itself, once nobody has answered", strings.ToUpper(string(c.Proto)))
	}
	return ""
}
