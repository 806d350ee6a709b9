package target

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/resolver"
)

// item is a target of a menu that was looked into.
type item struct {
	decide.Item
	Inspected
}

// firmwareMenu is a menu that firmware shows.
type firmwareMenu struct {
	ours  []item // in the order in which they were named
	shown *decide.Menu
}

// Menu is the menu that firmware shows; nil for none.
func (l Inspected) Menu() *decide.Menu {
	if m, ok := l.menu.(*firmwareMenu); ok {
		return m.shown
	}
	return nil
}

func (m *firmwareMenu) chosen(number uint16) (Inspected, bool) {
	for _, i := range m.ours {
		if i.Type == number {
			return i.Inspected, true
		}
	}
	return Inspected{}, false
}

func (m *firmwareMenu) chosenBy(name string) (Inspected, uint16, bool) {
	for n, i := range m.ours {
		if i.Title == name || fmt.Sprint(n+1) == name {
			return i.Inspected, i.Type, true
		}
	}
	return Inspected{}, 0, false
}

func (m *firmwareMenu) every() []Inspected {
	var all []Inspected
	for _, i := range m.ours {
		all = append(all, i.variants()...)
	}
	return all
}

func (m *firmwareMenu) named() []Inspected { return m.every() }

func (m *firmwareMenu) folders() []string { return nil }

// resolver gives each machine what was chosen in front of it.
func (m *firmwareMenu) resolver(otherwise boot.Resolver) boot.Resolver {
	r := resolver.ByItem{Otherwise: otherwise, Items: map[uint16]boot.Resolver{}}
	for _, i := range m.ours {
		r.Items[i.Type] = i.byArch()
	}
	return r
}

func (m *firmwareMenu) items() []string {
	var all []string
	for _, i := range m.ours {
		all = append(all, i.Title+": "+i.about)
	}
	for _, i := range m.shown.Items {
		if !i.Ours {
			all = append(all, i.Title+": not Spur's")
		}
	}
	return all
}
