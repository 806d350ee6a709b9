package target

import (
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/printable"
)

// Items say what can be chosen from a menu, in the order of their numbers; there are none
// without a menu.
func (l Inspected) Items() []string {
	var all []string
	if l.drawn != nil {
		for _, e := range l.drawn.current() {
			text := e.name() + ": " + e.about
			if l.drawn.protects(e) {
				text += "; with a password"
			}
			all = append(all, text)
		}
		return all
	}
	for _, i := range l.items {
		all = append(all, i.Title+": "+i.about)
	}
	if l.Menu != nil {
		for _, i := range l.Menu.Items {
			if !i.Ours {
				all = append(all, i.Title+": not Spur's")
			}
		}
	}
	return all
}

// LeftOut says what of a menu's folders can't be booted, and why: images first.
func (l Inspected) LeftOut() []string {
	if l.drawn == nil {
		return nil
	}
	images, others := apart(l.drawn.leftOut)
	var all []string
	for _, o := range slices.Concat(images, others) {
		all = append(all, printable.Line(o.name+": "+o.why))
	}
	return all
}

// Chosen is what boots once an item of a menu was chosen, by its title or its number, from
// 1 on, and by what number machines ask for it.
func (l Inspected) Chosen(name string) (Inspected, uint16, error) {
	if l.drawn != nil {
		all := l.drawn.current()
		if at, ok := entryNamed(all, name); ok {
			return all[at].Inspected, all[at].number, nil
		}
	}
	for n, i := range l.items {
		if i.Title == name || fmt.Sprint(n+1) == name {
			return i.Inspected, i.Type, nil
		}
	}
	if l.drawn == nil && l.Menu == nil {
		return l, 0, advice.Misused(advice.New("--item says something of a menu", "add --menu"))
	}
	return l, 0, advice.Misused(advice.New(fmt.Sprintf("--item %s: the menu has no such item of Spur's", name), "without --item, spur explain lists them"))
}
