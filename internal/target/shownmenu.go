package target

import (
	"github.com/spurboot/spur/internal/boot"
)

// shownMenu is a menu of targets that were looked into: a firmwareMenu or a catalogue.
type shownMenu interface {
	chosen(number uint16) (Inspected, bool)
	// chosenBy finds an item by its title or its place in the menu, from 1 on.
	chosenBy(name string) (Inspected, uint16, bool)
	every() []Inspected                             // all that may boot
	named() []Inspected                             // of that, what doesn't lie in the folders
	folders() []string                              // whose files may become targets
	resolver(otherwise boot.Resolver) boot.Resolver // otherwise is where nobody chose
	items() []string                                // what can be chosen, a line each
}
