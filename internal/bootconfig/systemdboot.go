package bootconfig

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// specEntry is an entry of the Boot Loader Specification with what orders it.
type specEntry struct {
	Entry
	id, sortKey, machine, version string
}

// readSystemdBoot reads loader.conf, the entries beside it, and the unified kernel images
// in EFI/Linux, as systemd-boot does (the UAPI group's Boot Loader Specification).
func readSystemdBoot(f *Medium, dir string) Config {
	var c Config
	var all []specEntry
	for _, name := range c.list(f, path.Join(dir, "entries"), ".conf") {
		if e, ok := c.specEntry(f, name); ok {
			all = append(all, e)
		}
	}
	if linux, ok := f.Find("EFI/Linux"); ok {
		for _, name := range c.list(f, linux, ".efi") {
			all = append(all, specEntry{Entry: Entry{Title: path.Base(name), Kind: EFI, Kernel: name}, id: strings.ToLower(path.Base(name))})
		}
	}
	slices.SortStableFunc(all, before)
	if at := preset(all, c.defaults(f, path.Join(dir, "loader.conf"))); at >= 0 {
		all[at].Default = true
	}
	for _, e := range all {
		c.add(e.Entry)
	}
	return c
}

// list names the files of a folder with an ending.
func (c *Config) list(f *Medium, dir, ending string) (names []string) {
	entries, err := fs.ReadDir(f.files, dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !strings.EqualFold(path.Ext(e.Name()), ending) {
			continue
		}
		if len(names) == entriesMost {
			c.problem("has more than 256 entries; those behind them are left out")
			break
		}
		names = append(names, path.Join(dir, e.Name()))
	}
	return names
}

// specEntry reads a file of one entry; ok is false where it starts nothing.
func (c *Config) specEntry(f *Medium, name string) (e specEntry, ok bool) {
	text, cut, ok := f.Text(name)
	if !ok || cut {
		c.problem(clip(name) + " can't be read, or is too large for an entry")
		return e, false
	}
	e.id, e.Kind = strings.ToLower(path.Base(name)), Linux
	var version string
	for line := range strings.Lines(text) {
		switch key, value := splitWord(strings.TrimSpace(line)); strings.ToLower(key) {
		case "title":
			e.Title = value
		case "version":
			version, e.version = value, value
		case "machine-id":
			e.machine = value
		case "sort-key":
			e.sortKey = value
		case "linux":
			e.Kernel = f.path(value)
		case "efi", "uki":
			e.Kernel, e.Kind = f.path(value), EFI
		case "initrd":
			e.Initrds = append(e.Initrds, f.path(value))
		case "options":
			e.Args = clip(strings.TrimSpace(e.Args + " " + value))
		}
	}
	e.Title = cmp.Or(e.Title, version, e.id)
	return e, e.Kernel != ""
}

// before is the order of the menu: entries with a sort key by that, their machine, and the
// newest version; then the others, by their file names, the highest first.
func before(a, b specEntry) int {
	switch {
	case a.sortKey != "" && b.sortKey != "":
		return cmp.Or(strings.Compare(a.sortKey, b.sortKey), strings.Compare(a.machine, b.machine), strings.Compare(b.version, a.version), strings.Compare(b.id, a.id))
	case a.sortKey != "":
		return -1
	case b.sortKey != "":
		return 1
	}
	return strings.Compare(b.id, a.id)
}

// defaults is the pattern of loader.conf that names the entry to start.
func (c *Config) defaults(f *Medium, name string) (pattern string) {
	text, _, ok := f.Text(name)
	if !ok {
		return ""
	}
	for line := range strings.Lines(text) {
		if key, value := splitWord(strings.TrimSpace(line)); key == "default" {
			pattern = strings.ToLower(value)
		}
	}
	return pattern
}

// preset is the entry that a pattern names, else the first; -1 where there is none.
func preset(all []specEntry, pattern string) int {
	i := slices.IndexFunc(all, func(e specEntry) bool {
		whole, err := path.Match(pattern, e.id)
		bare, _ := path.Match(pattern, strings.TrimSuffix(e.id, path.Ext(e.id)))
		return err == nil && (whole || bare)
	})
	if i < 0 && len(all) > 0 {
		return 0
	}
	return i
}
