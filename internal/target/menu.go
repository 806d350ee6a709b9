package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/pxe"
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
	if err := words.check(t.Watch); err != nil {
		return err
	}
	if len(targets) > 0 {
		return advice.Misused(advice.New("--for goes with one KERNEL, and --menu with several", "name the kernels of other architectures as items: a machine is shown those that it can boot"))
	}
	drawn := words.Kind == MenuByLoader
	m := &Menu{Timeout: words.Timeout, Prompt: words.Prompt, Default: words.Default, Drawn: drawn, Passwords: words.Passwords}
	if !drawn {
		m.Prompt = cmp.Or(words.Prompt, usualPrompt(words.Timeout))
	}
	if err := m.addItems(*t, args, words.BootServers); err != nil {
		return err
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

// check tells what is said of a menu that its kind doesn't have, or that goes with no menu.
func (w MenuWords) check(watch bool) error {
	drawn := w.Kind == MenuByLoader
	switch {
	case slices.Contains([]boot.Loader{boot.IPXE, boot.GRUB, boot.PXELINUX}, boot.Loader(w.Kind)):
		return advice.Misused(advice.New(fmt.Sprintf("--menu %s is unknown", w.Kind), fmt.Sprintf("write --menu --loader %s, and that one alone draws it", w.Kind)))
	case !drawn && w.Kind != MenuByFirmware:
		return advice.Misused(advice.New(fmt.Sprintf("--menu %s is unknown", w.Kind), "--menu alone is a menu that loaders draw, by --loader one alone; --menu pxe is the one that a machine's firmware has"))
	case watch:
		return advice.Misused(advice.New("--watch goes with one target, and not with a menu", "leave it out; a folder's new files are in its menu by themselves"))
	case drawn && len(w.BootServers) > 0:
		return advice.Misused(advice.New("--boot-server is for a menu of PXE's", "name it with --menu pxe; of a menu that loaders draw, local is an item like others: spur boot KERNEL local --menu"))
	case !drawn && w.Passwords != "":
		return advice.Misused(advice.New("--menu-password is for a menu that loaders draw: firmware asks for none", "leave the value of --menu out"))
	}
	return nil
}

// addItems reads the targets, of which all is said that is said of t, and the boot servers of
// others: for firmware the machine's own disk is one of these.
func (m *Menu) addItems(t Target, args, bootServers []string) error {
	for _, text := range args {
		item, err := menuTarget(text)
		if err != nil {
			return err
		}
		if item.isLocal() && !m.Drawn {
			bootServers = append(bootServers, strings.TrimSuffix("local:"+item.Title, ":"))
			continue
		}
		item.As, item.Cmdline, item.Message, item.RootPath, item.Root, item.Families = t.As, t.Cmdline, t.Message, t.RootPath, t.Root, t.Families
		m.Targets = append(m.Targets, item)
	}
	for _, text := range bootServers {
		server, err := parseBootServer(text)
		if err != nil {
			return err
		}
		m.Servers = append(m.Servers, server)
	}
	if len(m.Targets) == 0 {
		return advice.Misused(advice.New("the menu has nothing that Spur boots", "spur boot local leaves all machines to their disks"))
	}
	return nil
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
	all.menu, all.Warnings = &firmwareMenu{items, menu}, nil
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

// inspect finds out what a target of a menu is. The command line and the message of all
// items are for kernels: whatever else is among them is started as it is.
func (t MenuTarget) inspect(ctx context.Context, up Upstream) (Inspected, error) {
	l, err := t.lookAmong(ctx, up)
	if errors.As(err, &advice.UsageError{}) && !t.own {
		t.Cmdline, t.Message = "", ""
		return t.lookAmong(ctx, up)
	}
	return l, err
}
