package target

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/password"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/size"
)

// The kinds of menus that the command line can name.
const (
	MenuByLoader   = "loader" // drawn by the loader that a machine is given
	MenuByFirmware = "pxe"    // shown by firmware, and by the iPXE in a ROM
)

// MenuKinds are the words that are taken for a kind of menu behind --menu. The names of
// loaders are none, which is then said.
func MenuKinds() []string {
	return append(route.LoaderNames(), MenuByFirmware, MenuByLoader)
}

// entry is an item of a drawn menu that was looked into.
type entry struct {
	number uint16 // as boot.Client.Item
	title  string
	group  string // see boot.MenuItem
	file   string // the name of its file; empty where people gave it a title
	Inspected
}

// Numbers of items: those of targets are in the order in which they are named, those of
// files in folders depend on their names, so that neither a restart nor another file
// changes them. None is that of a PXE boot server (pxe.OwnType and up), nor the small index
// of a NetBoot image.
const (
	firstNamed = 0x4000
	firstFile  = 0x5000
	endOfFiles = 0x8000
)

// lookDrawn finds out what the targets of a menu are that loaders draw. A folder that has
// no loader of its own is a group of them, which is looked through again while Spur runs.
func (m *Menu) lookDrawn(ctx context.Context, up Upstream) (Inspected, error) {
	c := &catalogue{up: up, now: time.Now, known: map[string]known{}, numbers: map[string]uint16{}, used: map[uint16]bool{}}
	if m.Passwords != "" {
		file, err := password.Open(m.Passwords)
		if err != nil {
			return Inspected{}, advice.Wrap(fmt.Errorf("--menu-password: %w", err), advice.Of(err))
		}
		c.passwords = &password.Gate{File: file, Now: time.Now}
	}
	for n, t := range m.Targets {
		if isGroup(t.Target) {
			p, err := m.groupPart(t)
			if err != nil {
				return Inspected{}, err
			}
			c.parts = append(c.parts, p)
			continue
		}
		e, err := m.lookNamed(ctx, n, up)
		if err != nil {
			return Inspected{}, err
		}
		c.parts = append(c.parts, part{named: &e})
	}
	if m.ofFolders() {
		local, _ := Target{Kernel: localTarget}.lookLocal()
		c.parts = slices.Insert(c.parts, 0, part{named: &entry{number: firstNamed + uint16(len(m.Targets)), title: local.titleOf(), Inspected: local}})
	}
	return m.drawnBy(ctx, c)
}

// ofFolders tells whether nothing but folders of targets is in a menu. Nobody has chosen
// what a machine then boots by itself: its own disk.
func (m *Menu) ofFolders() bool {
	return !slices.ContainsFunc(m.Targets, func(t MenuTarget) bool { return !isGroup(t.Target) })
}

// groupPart is a folder of targets as a part of the menu.
func (m *Menu) groupPart(t MenuTarget) (part, error) {
	if len(t.Initrds) > 0 {
		return part{}, advice.Misused(advice.New(fmt.Sprintf("%s is a folder of targets, and %s goes with none of them", t.Kernel, strings.Join(t.Initrds, ", ")),
			"leave it out: a kernel in the folder takes the initrd that lies beside it, NAME.initrd"))
	}
	dir, err := located(t.Kernel)
	if err != nil {
		return part{}, err
	}
	t.table, err = t.families()
	return part{dir: dir.Source, target: t.Target, group: m.groupOf(t)}, err
}

// isGroup tells whether a target is a folder of targets.
func isGroup(t Target) bool { return t.isFolder() && t.As == "" && !isOneTarget(t.Kernel) }

// groupOf is the group that a folder of targets is; one that is named alone is the menu.
func (m *Menu) groupOf(t MenuTarget) string {
	if len(m.Targets) == 1 {
		return ""
	}
	return strings.ReplaceAll(cmp.Or(t.Title, boot.File{Source: t.Kernel}.Base()), "/", "_")
}

// lookNamed looks into a target of the command line.
func (m *Menu) lookNamed(ctx context.Context, n int, up Upstream) (entry, error) {
	l, err := m.lookAt(ctx, n, up)
	e := entry{number: firstNamed + uint16(n), title: m.Targets[n].Title, Inspected: l}
	if e.title == "" && err == nil {
		e.title, e.file = l.titleOf(), l.Payload.Title()
	}
	return e, err
}

// drawnBy makes the menu with what was found first.
func (m *Menu) drawnBy(ctx context.Context, c *catalogue) (Inspected, error) {
	c.prompt, c.timeout = cmp.Or(m.Prompt, "Choose what to boot"), time.Duration(m.Timeout)*time.Second
	if m.Timeout == decide.WaitsForGood {
		c.timeout = -1
	}
	c.refresh(ctx)
	if c.later && (m.namesLater(c) || c.passwordsLater()) {
		c.waits, c.lookedAt = true, time.Time{}
		c.refresh(ctx)
		c.waits = false
	}
	all := c.entries
	if len(all) == 0 {
		return Inspected{}, advice.New("the menu has nothing that boots", "name targets, or a folder with some")
	}
	at, err := m.defaultAmong(all)
	if err != nil {
		return Inspected{}, err
	}
	c.first = all[at].number
	warning, err := c.checkPasswords(all[at])
	if err != nil {
		return Inspected{}, err
	}
	c.payload = c.menu("")
	l := Inspected{Payload: c.payload, menu: c, about: fmt.Sprintf("a menu of %s", size.Count(len(all), "item"))}
	for _, text := range []string{c.skipped, warning} {
		if text != "" {
			l.Warnings = append(l.Warnings, text)
		}
	}
	l.Warnings = append(l.Warnings, warningsOf(all)...)
	return l, checkEntries(all)
}

// namesLater tells whether the default may be an item that isn't there yet: it has no name
// of those that are, and is not the first target that was named.
func (m *Menu) namesLater(c *catalogue) bool {
	byName := slices.ContainsFunc(c.entries, func(e entry) bool { return e.title == m.Default || slices.Contains(e.names(), m.Default) })
	return !byName && (m.Default != "1" || c.parts[0].named == nil)
}

// defaultAmong finds the item that boots where nobody chooses.
func (m *Menu) defaultAmong(all []entry) (int, error) {
	at, ok := entryNamed(all, m.Default)
	if !ok {
		return 0, advice.Misused(advice.New(fmt.Sprintf("--menu-default %s: the menu has no such item", m.Default), fmt.Sprintf("name an item by its title, or by its number from 1 to %d", len(all))))
	}
	return at, nil
}

// entryNamed finds an entry by its number, from 1 on, or by a name of its own. The number
// goes first: no file that comes into a folder becomes the default by being called 1.
func entryNamed(all []entry, name string) (at int, ok bool) {
	if n, err := strconv.Atoi(name); err == nil && n > 0 && n <= len(all) {
		return n - 1, true
	}
	at = slices.IndexFunc(all, func(e entry) bool { return e.title == name || slices.Contains(e.names(), name) })
	return at, at >= 0
}

// checkEntries refuses items that nobody could tell apart.
func checkEntries(all []entry) error {
	seen := map[string]bool{}
	for _, e := range all {
		name := e.name()
		switch {
		case seen[name] && e.file != "": // files that aren't one and the same have been told apart
			return advice.Misused(advice.New(fmt.Sprintf("the menu has several items that are called %s: %s was named more than once", cmp.Or(e.calls, withoutEnding(e.file)), e.file),
				"name it once, or give each a title of its own, TITLE=KERNEL"))
		case seen[name]:
			return advice.Misused(advice.New("the menu has several items that are called "+name, "give each a title of its own, TITLE=KERNEL"))
		}
		seen[name] = true
	}
	return nil
}
