package boot

import (
	"slices"
	"time"
)

// KindMenu is the kind of Menu.
const KindMenu Kind = "menu"

// Menu is what a loader lets people choose from, in front of a machine. A resolver
// gives it to clients without an Item, and its items to those that have chosen one.
type Menu struct {
	Prompt  string
	Items   []MenuItem    // in order; those of a group follow each other
	Default uint16        // the item that boots where nobody chooses
	Timeout time.Duration // until then; negative: never
}

// MenuItem is a line of a menu.
type MenuItem struct {
	Item    uint16 // as in Client; never 0
	Title   string
	Group   string // the menu below the first one that it is in, with slashes; empty for none
	Payload Payload
	// Locked: it boots for nobody but who knows its password.
	Locked bool
}

// Kind implements Content.
func (Menu) Kind() Kind { return KindMenu }

// Title implements Content.
func (Menu) Title() string { return "a menu" }

// Files implements Content: those of its items are theirs.
func (Menu) Files() []File { return nil }

// Size implements Content.
func (m Menu) Size() int {
	n := len(m.Prompt)
	for _, i := range m.Items {
		n += len(i.Title) + len(i.Group) + i.Payload.Size()
	}
	return n
}

// Find finds an item.
func (m Menu) Find(item uint16) (MenuItem, bool) {
	at := slices.IndexFunc(m.Items, func(i MenuItem) bool { return i.Item == item })
	if at < 0 {
		return MenuItem{}, false
	}
	return m.Items[at], true
}
