package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/pxe"
	"github.com/spurboot/spur/internal/resolver"
)

// MenuWords are what the command line says of a menu.
type MenuWords struct {
	Kind        string   // MenuByLoader, MenuByFirmware; "" for no menu
	Timeout     uint8    // in seconds
	Prompt      string   // "" for the usual one
	Default     string   // the item that boots where nobody chooses, by its title or its number from 1
	Passwords   string   // the file with those of items; "" for none
	BootServers []string // TYPE[=ADDRESS[,ADDRESS…]][:TITLE] each
}

// Menu is what people choose from in front of a machine.
type Menu struct {
	Targets []MenuTarget
	Servers []pxe.MenuItem // of others
	Timeout uint8
	Prompt  string
	Default string
	Drawn   bool // by loaders, and not by firmware
	// Passwords is the file with those of items; "" for none.
	Passwords string
}

// MenuTarget is a target of a menu; without a title it is called what it is.
type MenuTarget struct {
	Title string
	Target
	own bool // its command line is its own, and not that of all items
}

// AddMenu reads a target from each argument, [TITLE=]KERNEL[,INITRD…], and makes a menu
// of them and of others' boot servers. The command line is that of all of them, but
// for those of the cmdlines, ITEM=TEXT each. Targets for other architectures have no
// place in it.
func (t *Target) AddMenu(args []string, words MenuWords, targets, cmdlines []string) error {
	drawn := words.Kind == MenuByLoader
	switch {
	case !drawn && words.Kind != MenuByFirmware:
		return advice.Misused(advice.New(fmt.Sprintf("--menu=%s is unknown", words.Kind), "--menu alone is a menu that loaders draw, by --loader one alone; --menu pxe is the one that a machine's firmware has"))
	case t.Watch:
		return advice.Misused(advice.New("--watch goes with one target, and not with a menu", "leave it out; a folder's new files are in its menu by themselves"))
	case drawn && len(words.BootServers) > 0:
		return advice.Misused(advice.New("--boot-server is for a menu of PXE's", "name it with --menu pxe; of a menu that loaders draw, local is an item like others: spur boot KERNEL local --menu"))
	}
	if !drawn && words.Passwords != "" {
		return advice.Misused(advice.New("--menu-password is for a menu that loaders draw: firmware asks for none", "leave the value of --menu out"))
	}
	if len(targets) > 0 {
		return advice.Misused(advice.New("--for goes with one KERNEL, and --menu with several", "name the kernels of other architectures as items: a machine is shown those that it can boot"))
	}
	m := &Menu{Timeout: words.Timeout, Prompt: words.Prompt, Default: words.Default, Drawn: drawn, Passwords: words.Passwords}
	if !drawn {
		m.Prompt = cmp.Or(words.Prompt, usualPrompt(words.Timeout))
	}
	for _, text := range args {
		item, err := menuTarget(text)
		if err != nil {
			return err
		}
		if item.isLocal() && !drawn {
			words.BootServers = append(words.BootServers, strings.TrimSuffix("local:"+item.Title, ":"))
			continue
		}
		item.As, item.Cmdline, item.Message, item.RootPath, item.Root, item.Families = t.As, t.Cmdline, t.Message, t.RootPath, t.Root, t.Families
		m.Targets = append(m.Targets, item)
	}
	for _, text := range words.BootServers {
		server, err := parseBootServer(text)
		if err != nil {
			return err
		}
		m.Servers = append(m.Servers, server)
	}
	if len(m.Targets) == 0 {
		return advice.Misused(advice.New("the menu has nothing that Spur boots", "spur boot local leaves all machines to their disks"))
	}
	if err := m.addCmdlines(cmdlines); err != nil {
		return err
	}
	*t = m.Targets[0].Target
	t.Menu = m
	if drawn {
		return nil
	}
	if _, err := m.defaultAt(); err != nil {
		return err
	}
	return m.check()
}

// defaultAt is the place of the item that boots where nobody chooses.
func (m *Menu) defaultAt() (int, error) {
	var titles []string
	for _, t := range m.Targets {
		titles = append(titles, t.Title)
	}
	for _, s := range m.Servers {
		titles = append(titles, s.Title)
	}
	at := slices.Index(titles, m.Default)
	if n, err := strconv.Atoi(m.Default); at < 0 && err == nil {
		at = n - 1
	}
	if at < 0 || at >= len(titles) {
		return 0, advice.Misused(advice.New(fmt.Sprintf("--menu-default %s: the menu has no such item", m.Default), fmt.Sprintf("name a title, or a number from 1 to %d: the targets are the first, the boot servers follow", len(titles))))
	}
	return at, nil
}

func usualPrompt(timeout uint8) string {
	if timeout == decide.WaitsForGood {
		return "Choose what to boot"
	}
	return "Press F8 for a menu"
}

// menuTarget reads [TITLE=]KERNEL[,INITRD…]. What has a slash is no title.
func menuTarget(text string) (MenuTarget, error) {
	var item MenuTarget
	files := text
	if title, rest, ok := strings.Cut(text, "="); ok && !strings.Contains(title, "/") {
		item.Title, files = title, rest
	}
	names := strings.Split(files, ",")
	if slices.Contains(names, "") || files != text && item.Title == "" {
		return item, advice.Misused(advice.New(fmt.Sprintf("item %s has a name that is empty", text), "with --menu each argument is [TITLE=]KERNEL[,INITRD…]"))
	}
	item.Kernel, item.Initrds = names[0], names[1:]
	return item, nil
}

// addCmdlines gives items command lines of their own. An item is named by its number or
// by its title.
func (m *Menu) addCmdlines(cmdlines []string) error {
	for _, text := range cmdlines {
		name, line, ok := strings.Cut(text, "=")
		at := slices.IndexFunc(m.Targets, func(t MenuTarget) bool { return ok && t.Title == name && name != "" })
		if n, err := strconv.Atoi(name); err == nil && at < 0 {
			at = n - 1
		}
		if !ok || at < 0 || at >= len(m.Targets) {
			return advice.Misused(advice.New(fmt.Sprintf("--cmdline-for %s names no item of the menu", text), "write --cmdline-for ITEM=TEXT, with an item's number, from 1, or the title that was given to it"))
		}
		m.Targets[at].Cmdline, m.Targets[at].own = line, true
	}
	return nil
}

// check tells what of a menu no ROM could show, before anything is looked into. Titles
// that nobody gave are not known yet.
func (m *Menu) check() error {
	var items, named []decide.Item
	for i, t := range m.Targets {
		items = append(items, decide.Item{Type: typeOf(i), Title: cmp.Or(t.Title, "?"), Ours: true})
		named = append(named, decide.Item{Title: t.Title})
	}
	if err := checkMenu(m.with(items)); err != nil {
		return err
	}
	return checkTitles(m.with(named).Items)
}

// checkWith tells what of a menu doesn't go with the rest, or can't be understood.
func (m *Menu) checkWith(s Surroundings) error {
	switch {
	case m.Drawn:
	case s.WithoutDHCP:
		return advice.Misused(advice.New("--menu is sent by DHCP, and with --dhcp off Spur sends none", "leave --menu out, and enter a menu into your DHCP server; with --as-boot-server Spur answers for an item of it"))
	case s.AsBootServer:
		return advice.Misused(advice.New("--menu is Spur's menu, and with --as-boot-server another server has one", "leave one of the two out"))
	}
	for _, t := range m.Targets[1:] { // the first is checked by itself
		if err := t.Check(s); err != nil {
			return err
		}
	}
	return nil
}

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

// item is a target of a menu that was looked into.
type item struct {
	decide.Item
	Inspected
}

// inspect finds out what the targets of a menu are.
func (m *Menu) inspect(ctx context.Context, up Upstream) (Inspected, error) {
	if m.Drawn {
		return m.lookDrawn(ctx, up)
	}
	var items []item
	for i, t := range m.Targets {
		l, err := m.lookAt(ctx, i, up)
		if err != nil {
			return Inspected{}, err
		}
		items = append(items, item{decide.Item{Type: typeOf(i), Title: t.Title, Ours: true}, l})
	}
	nameItems(items)
	menu := m.with(itemsOf(items))
	all := items[indexOf(items, menu.Items)].Inspected
	all.items, all.Menu, all.Warnings = items, menu, nil
	for _, i := range items {
		all.Warnings = append(all.Warnings, i.Warnings...)
	}
	if err := checkTitles(menu.Items); err != nil {
		return Inspected{}, err
	}
	return all, checkMenu(menu)
}

// lookAt looks into one of the targets.
func (m *Menu) lookAt(ctx context.Context, i int, up Upstream) (Inspected, error) {
	t := m.Targets[i]
	l, err := t.inspect(ctx, up)
	if err == nil && l.Payload.Kind() == boot.KindScript {
		err = advice.Misused(advice.New(fmt.Sprintf("item %d, %s, is an iPXE script", i+1, t.Kernel), "boot it without --menu: a script has menus of its own"))
	}
	if wrong := (*image.Mismatch)(nil); errors.As(err, &wrong) && wrong.IsInitrd() && i > 0 && len(t.Initrds) == 0 {
		err = advice.Wrap(err, fmt.Sprintf("with --menu each argument is an item; join a kernel and its initrds with commas: %s,%s", m.Targets[i-1].Kernel, t.Kernel))
	}
	return l, err
}

// indexOf is the first of a menu's items that is ours, by its number.
func indexOf(items []item, shown []decide.Item) int {
	first := slices.IndexFunc(shown, func(s decide.Item) bool { return s.Ours })
	return slices.IndexFunc(items, func(i item) bool { return i.Type == shown[first].Type })
}

// inspect finds out what a target of a menu is. The command line and the message of all
// items are for kernels: whatever else is among them is started as it is.
func (t MenuTarget) inspect(ctx context.Context, up Upstream) (Inspected, error) {
	l, err := t.InspectAlone(ctx, up)
	if errors.As(err, &advice.UsageError{}) && !t.own {
		t.Cmdline, t.Message = "", ""
		return t.InspectAlone(ctx, up)
	}
	return l, err
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

// byItem gives each machine what was chosen in front of it.
func (l Inspected) byItem() boot.Resolver {
	r := resolver.ByItem{Otherwise: l.byArch(), Items: map[uint16]boot.Resolver{}}
	for _, i := range l.items {
		r.Items[i.Type] = i.byArch()
	}
	return r
}

// menuTitle says what machines are booted into by a menu.
func (l Inspected) menuTitle() string {
	var all []string
	for _, shown := range l.Menu.Items {
		text := shown.Title
		if at := slices.IndexFunc(l.items, func(i item) bool { return i.Type == shown.Type }); shown.Ours && at >= 0 {
			text += fmt.Sprintf(" (%s)", l.items[at].about)
		}
		all = append(all, text)
	}
	return "what is chosen from a menu: " + strings.Join(all, ", ")
}
