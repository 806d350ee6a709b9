package target

import (
	"github.com/spurboot/spur/internal/boot"
)

func (c *catalogue) chosen(number uint16) (Inspected, bool) {
	e, ok := c.find(number)
	return e.Inspected, ok
}

func (c *catalogue) chosenBy(name string) (Inspected, uint16, bool) {
	all := c.current()
	at, ok := entryNamed(all, name)
	if !ok {
		return Inspected{}, 0, false
	}
	return all[at].Inspected, all[at].number, true
}

func (c *catalogue) every() []Inspected {
	var all []Inspected
	for _, e := range c.current() {
		all = append(all, e.variants()...)
	}
	return all
}

func (c *catalogue) folders() []string {
	var all []string
	for _, p := range c.parts {
		if p.named == nil {
			all = append(all, p.dir)
		}
	}
	return all
}

func (c *catalogue) named() []Inspected {
	var all []Inspected
	for _, p := range c.parts {
		if p.named != nil {
			all = append(all, p.named.variants()...)
		}
	}
	return all
}

// resolver is the catalogue: who didn't choose is given the menu.
func (c *catalogue) resolver(boot.Resolver) boot.Resolver { return c }

func (c *catalogue) items() []string {
	var all []string
	for _, e := range c.current() {
		text := e.name() + ": " + e.about
		if c.protects(e) {
			text += "; with a password"
		}
		all = append(all, text)
	}
	return all
}
