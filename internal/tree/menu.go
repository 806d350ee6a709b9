package tree

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// drawn is a menu as the loader of a route draws it for a client. Each entry leads to
// the boot of its item, under a name of its own. What the client can't boot isn't shown.
func (t *Tree) drawn(c boot.Client, m boot.Menu, r route.Route, a Asker) string {
	menu := loader.Menu{Prompt: m.Prompt, Timeout: m.Timeout}
	var hidden []string
	for _, item := range m.Items {
		entry, why := t.entry(c, item, r, a)
		if why != "" {
			hidden = append(hidden, item.Title)
			continue
		}
		menu.Entries = append(menu.Entries, entry)
		if item.Item == m.Default || menu.Default == "" && !item.Locked {
			menu.Default = entry.ID
		}
	}
	menu.Hidden = hiddenText(hidden, len(m.Items))
	switch r.Loader {
	case boot.GRUB:
		return loader.GRUBMenu(menu)
	case boot.PXELINUX, boot.Syslinux:
		return loader.PXELINUXMenu(menu)
	}
	return loader.IPXEMenu(c, menu)
}

// NotShown says of each item that a menu doesn't show to a client why it can't be booted.
func (t *Tree) NotShown(c boot.Client, m boot.Menu, r route.Route, a Asker) []string {
	var all []string
	for _, item := range m.Items {
		if _, why := t.entry(c, item, r, a); why != "" {
			all = append(all, item.Title+": "+why)
		}
	}
	return all
}

// entry is an item as a line of a menu; why says why the client can't boot it.
func (t *Tree) entry(c boot.Client, item boot.MenuItem, r route.Route, a Asker) (e loader.MenuEntry, why string) {
	c.Item = item.Item
	way, why := r.Item(c, item.Payload, t.Host)
	asks := r.Loader == boot.IPXE && way.Role == route.Script && way.Via != route.TFTP
	switch {
	case why != "":
		return loader.MenuEntry{}, why
	case item.Locked && !asks:
		return loader.MenuEntry{}, "it has a password, which only iPXE asks for, over HTTP and for what it boots by a script"
	}
	e = loader.MenuEntry{ID: fmt.Sprintf("item%d", item.Item), Title: item.Title, Group: item.Group, Locked: item.Locked}
	if r.Loader != boot.IPXE {
		via := t.loadsBy(c, r, boot.Payload{}, a.Via)
		if r.Loader == boot.PXELINUX {
			via = route.TFTP // its configurations come by the ROM's own means
		}
		e.URL = t.base(via, a.Server) + "/" + t.Names.Boot(c, r) + "/" + route.FindLoader(r.Loader).Next.Name
		return e, ""
	}
	path := t.Path(c, way)
	e.URL = t.base(way.Via, a.Server) + "/" + path
	if way.Role != route.Script {
		e.Path, e.Server = path, a.Server.String()
	}
	return e, ""
}

// hiddenMost is how many titles a line in a menu names.
const hiddenMost = 4

// hiddenText says which items a machine isn't shown; empty for none.
func hiddenText(titles []string, of int) string {
	if len(titles) == 0 {
		return ""
	}
	more := ""
	if len(titles) > hiddenMost {
		more = " and others"
	}
	return fmt.Sprintf("%d of %d can't boot here: %s%s", len(titles), of, strings.Join(titles[:min(len(titles), hiddenMost)], ", "), more)
}
