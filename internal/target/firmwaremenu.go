package target

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/pxe"
)

// checkMenu tells what of a menu can't be sent.
func checkMenu(m *decide.Menu) error {
	err := answer.MenuOf(m, netip.AddrFrom4([4]byte{192, 0, 2, 1})).Check()
	if err == nil {
		return nil
	}
	remedy := "give items shorter titles, TITLE=KERNEL, or leave some out"
	if errors.Is(err, pxe.ErrMenuType) {
		remedy = "name all servers of a type as one item, such as --boot-server wds=192.0.2.9,192.0.2.10:Windows; the types from 32768 on are the targets' own, in order"
	}
	return advice.Misused(advice.Wrap(fmt.Errorf("the menu: %w", err), remedy))
}

// checkTitles refuses items that nobody could tell apart. Those without a title are
// called what they are later.
func checkTitles(items []decide.Item) error {
	seen := map[string]bool{}
	for _, i := range items {
		if seen[i.Title] && i.Title != "" {
			return advice.Misused(advice.New("the menu has several items that are called "+i.Title, "give each a title of its own, TITLE=KERNEL"))
		}
		seen[i.Title] = true
	}
	return nil
}

// typeOf is the type of boot server that a target of ours has, by its number from 0.
func typeOf(i int) uint16 { return uint16(pxe.OwnType) + uint16(i) }

// with is the menu with the items that are ours, in order, and then others'; the default
// one is moved to the front.
func (m *Menu) with(ours []decide.Item) *decide.Menu {
	all := slices.Clone(ours)
	for _, s := range m.Servers {
		all = append(all, decide.Item{Type: uint16(s.Type), Title: s.Title, Servers: s.Servers})
	}
	at, _ := m.defaultAt() // which was looked at when the menu was made
	first := all[at]
	all = append([]decide.Item{first}, slices.Delete(all, at, at+1)...)
	return &decide.Menu{Items: all, Prompt: m.Prompt, Timeout: m.Timeout}
}

// indexOf is the first of a menu's items that is ours, by its number.
func indexOf(items []item, shown []decide.Item) int {
	first := slices.IndexFunc(shown, func(s decide.Item) bool { return s.Ours })
	return slices.IndexFunc(items, func(i item) bool { return i.Type == shown[first].Type })
}

func itemsOf(items []item) []decide.Item {
	var all []decide.Item
	for _, i := range items {
		all = append(all, i.Item)
	}
	return all
}

// nameItems gives items that have no title one: what each calls itself, where a ROM can show
// that and no other is called so, or else the name of its first file, with its folder where
// several are called alike.
func nameItems(items []item) {
	alike := map[string]int{}
	for _, i := range items {
		alike[i.calls]++
		alike[i.Payload.Title()]++
	}
	for n, i := range items {
		name := i.calls
		if name == "" || alike[name] > 1 || shownTitle(name) != name {
			name = i.nameOfFile(alike)
		}
		items[n].Title = cmp.Or(i.Title, name)
	}
}

// nameOfFile is an item's first file as a ROM can show it.
func (i item) nameOfFile(alike map[string]int) string {
	name := i.Payload.Title()
	if files := i.Payload.Files(); alike[name] > 1 && len(files) > 0 {
		name = path.Join(path.Base(path.Dir(files[0].Source)), name)
	}
	return shownTitle(name)
}

// shownTitle is a name as a ROM can show it.
func shownTitle(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
	return ascii[:min(len(ascii), 40)]
}
