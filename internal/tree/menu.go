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
		entry, ok := t.entry(c, item, r, a)
		if !ok {
			hidden = append(hidden, item.Title)
			continue
		}
		menu.Entries = append(menu.Entries, entry)
		if item.Item == m.Default || menu.Default == "" {
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

// entry is an item as a line of a menu; ok is false for what the client can't boot.
func (t *Tree) entry(c boot.Client, item boot.MenuItem, r route.Route, a Asker) (e loader.MenuEntry, ok bool) {
	c.Item = item.Item
	way, why := r.Item(c, item.Payload, t.Host)
	if why != "" {
		return loader.MenuEntry{}, false
	}
	e = loader.MenuEntry{ID: fmt.Sprintf("item%d", item.Item), Title: item.Title, Group: item.Group}
	if r.Loader != boot.IPXE {
		via := t.loadsBy(c, r, a.Via)
		if r.Loader == boot.PXELINUX {
			via = route.TFTP // its configurations come by the ROM's own means
		}
		e.URL = t.base(via, a.Server) + "/" + t.Names.Boot(c, r) + "/" + route.FindLoader(r.Loader).Next.Name
		return e, true
	}
	path := t.Path(c, way)
	e.URL = t.base(way.Via, a.Server) + "/" + path
	if way.Role != route.Script {
		e.Path, e.Server = path, a.Server.String()
	}
	return e, true
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
