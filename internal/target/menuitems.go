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
	if l.menu == nil {
		return nil
	}
	return l.menu.items()
}

// ItemLines are the first most of Items with their numbers, and how many more there are.
func (l Inspected) ItemLines(most int) []string {
	items := l.Items()
	var lines []string
	for n, item := range items[:min(len(items), most)] {
		lines = append(lines, fmt.Sprintf("%d. %s", n+1, item))
	}
	if n := len(items) - most; n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n))
	}
	return lines
}

// LeftOut says what of a menu's folders can't be booted, and why: images first.
func (l Inspected) LeftOut() []string {
	c, ok := l.menu.(*catalogue)
	if !ok {
		return nil
	}
	images, others := apart(c.leftOut)
	var all []string
	for _, o := range slices.Concat(images, others) {
		all = append(all, printable.Line(o.name+": "+o.why))
	}
	return all
}

// Chosen is what boots once an item of a menu was chosen, by its title or its number, from
// 1 on, and by what number machines ask for it.
func (l Inspected) Chosen(name string) (Inspected, uint16, error) {
	if l.menu == nil {
		return l, 0, advice.Misused(advice.New("--item says something of a menu", "add --menu"))
	}
	if chosen, number, ok := l.menu.chosenBy(name); ok {
		return chosen, number, nil
	}
	return l, 0, advice.Misused(advice.New(fmt.Sprintf("--item %s: the menu has no such item of Spur's", name), "without --item, spur explain lists them"))
}
