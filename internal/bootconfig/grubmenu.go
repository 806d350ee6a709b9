package bootconfig

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// grubEntry is a menuentry or submenu, whose block is carried out once it is chosen.
type grubEntry struct {
	title, id string
	submenu   bool
	body      []grubNode
	args      []string
}

// open carries out the blocks of entries, each from where the menu stands.
func (r *grubReader) open(entries []grubEntry, menus []string, top int) {
	for i, e := range entries {
		at := top
		if at < 0 {
			at = i
		}
		vars := maps.Clone(r.vars)
		for n, arg := range e.args {
			r.set(strconv.Itoa(n+1), arg)
		}
		title := strings.Join(append(slices.Clone(menus), e.title), " > ")
		r.pending, r.stopped, r.entry = nil, false, nil
		if !e.submenu {
			r.entry = &Entry{Title: title, Kind: Other}
		}
		r.run(e.body)
		switch {
		case e.submenu && len(menus) < callsMost:
			r.entry = nil
			r.open(r.pending, append(slices.Clone(menus), e.title), at)
		case r.entry != nil && r.entry.Kernel != "":
			before := len(r.Entries)
			r.add(*r.entry)
			if len(r.Entries) > before {
				r.top, r.ids = append(r.top, at), append(r.ids, e.id)
			}
		}
		r.vars = vars
	}
}

// choose marks the entry that the variable default names: by number, title or id; of a
// submenu the first, or the one behind the sign >.
func (r *grubReader) choose(name string) {
	at := -1
	first, _, _ := strings.Cut(name, ">")
	if n, err := strconv.Atoi(strings.TrimSpace(first)); err == nil {
		at = slices.Index(r.top, n)
	}
	for i, e := range r.Entries {
		if at < 0 && name != "" && (e.Title == name || r.ids[i] == name) {
			at = i
		}
	}
	if at < 0 {
		at = slices.IndexFunc(r.Entries, func(e Entry) bool { return e.Kind == Linux })
	}
	if at >= 0 {
		r.Entries[at].Default = true
	}
}

// menuEntry takes in an entry of the menu, whose options stand before or behind its title
// (GRUB's manual, section menuentry).
func (r *grubReader) menuEntry(submenu bool, args []string, body []grubNode) {
	e := grubEntry{submenu: submenu, body: body}
	var rest []string
	for i := 0; i < len(args); i++ {
		option, value, joined := strings.Cut(args[i], "=")
		switch option {
		case "--class", "--id", "--hotkey", "--users", "--source":
			if !joined && i+1 < len(args) {
				i++
				value = args[i]
			}
			if option == "--id" {
				e.id = value
			}
		case "--unrestricted":
		default:
			rest = append(rest, args[i])
		}
	}
	if len(rest) == 0 || len(r.pending) >= entriesMost {
		return
	}
	// $menuentry_id_option holds --id with the id behind it.
	e.title, e.args = rest[0], rest[1:]
	r.pending = append(r.pending, e)
}

// load takes in a command that says what to start.
func (r *grubReader) load(name string, args []string) {
	e := r.entry
	if e == nil || len(args) == 0 {
		return
	}
	switch name {
	case "linux", "linuxefi", "linux16":
		e.Kind, e.Kernel, e.Args = Linux, r.path(args[0]), strings.Join(args[1:], " ")
	case "initrd", "initrdefi", "initrd16":
		e.Initrds = nil
		for _, arg := range args {
			if !strings.HasPrefix(arg, "newc:") && !strings.HasPrefix(arg, "--") {
				e.Initrds = append(e.Initrds, r.path(arg))
			}
		}
	case "multiboot", "multiboot2":
		e.Kind, e.Kernel, e.Args, e.Modules = Multiboot, r.path(args[0]), strings.Join(args[1:], " "), nil
	case "module", "module2":
		if len(e.Modules) < entriesMost {
			e.Modules = append(e.Modules, strings.Join(append([]string{r.path(args[0])}, args[1:]...), " "))
		}
	case "chainloader":
		e.Kind, e.Kernel, e.Args = EFI, r.path(args[0]), strings.Join(args[1:], " ")
	}
}
