package target

import (
	"maps"
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/outlook"
)

// Outlook is the target as far as it says which machines can boot.
func (l Inspected) Outlook() outlook.Target {
	t := outlook.Target{Payload: l.Payload, Others: l.forArchs()}
	switch m := l.menu.(type) {
	case *firmwareMenu:
		for _, i := range m.ours {
			t.Items = append(t.Items, outlook.Item{Title: i.Title, Payload: i.Payload, Others: i.forArchs()})
		}
	case *catalogue:
		t.Others = m.forArchs()
	}
	return t
}

// forArchs are what machines of some architectures boot in the place of a target.
func (l Inspected) forArchs() []outlook.ForArch {
	var all []outlook.ForArch
	for _, o := range l.others {
		all = append(all, outlook.ForArch{Arch: o.arch, Payload: o.Payload, Found: o.found})
	}
	return all
}

// forArchs are the menus of machines for which an item has something of their own.
func (c *catalogue) forArchs() []outlook.ForArch {
	c.mu.Lock()
	defer c.mu.Unlock()
	menus := map[boot.Arch]boot.Payload{}
	for _, e := range c.entries {
		for _, o := range e.others {
			menus[o.arch] = c.menu(o.arch)
		}
	}
	var all []outlook.ForArch
	for _, arch := range slices.Sorted(maps.Keys(menus)) {
		all = append(all, outlook.ForArch{Arch: arch, Payload: menus[arch], Found: true})
	}
	return all
}
