package bootconfig

import (
	"path"
	"slices"
	"strings"
)

// includesMost bounds how deep configurations of Syslinux include others
// (MAX_INCLUDES in com32/elflink/ldlinux/readconfig.c is 16).
const includesMost = 16

// syslinuxReader goes through a configuration of Syslinux and what it leads to.
type syslinuxReader struct {
	*Medium
	Config
	dir      string // to which names are relative
	depth    int
	appended string // to every label that has no APPEND of its own
	label    *syslinuxLabel
	labels   []string // of Entries, by their index
	chosen   []string // what DEFAULT and ONTIMEOUT name, in their order
	menus    []string // the titles of the submenus that are open
	followed []string // configurations that labels lead to
}

// syslinuxLabel is a label that is under way.
type syslinuxLabel struct {
	name, title, kind, kernel, args, append string
	hasAppend                               bool
	initrds                                 []string
	preset                                  bool // MENU DEFAULT
}

// readSyslinux reads the configuration that begins in a file.
func readSyslinux(f *Medium, name string) Config {
	r := &syslinuxReader{Medium: f, dir: path.Dir(name)}
	r.file(name)
	r.endLabel()
	r.choose()
	return r.Config
}

// file takes in one file. It may be read twice, where two ways lead to it, but not by
// itself: the depth ends a circle.
func (r *syslinuxReader) file(name string) {
	if r.depth++; r.depth > includesMost {
		r.problem("files include one another more than 16 deep; what lies behind that is left out")
		r.depth--
		return
	}
	defer func() { r.depth-- }()
	text, cut, ok := r.Text(r.path(name))
	if !ok {
		r.problem("includes " + clip(name) + ", which can't be read")
		return
	}
	if cut {
		r.problem(clip(name) + " has more than 256 KiB; what lies behind that is left out")
	}
	for line := range SyslinuxLines(text) {
		r.line(line)
	}
}

// line takes in one line.
func (r *syslinuxReader) line(l SyslinuxLine) {
	switch {
	case l.Word == "include":
		r.file(r.beside(l.First()))
	case l.Word == "menu":
		r.menu(l)
	case l.Word == "default", l.Word == "ontimeout":
		r.chosen = append(r.chosen, l.First())
	case l.Word == "ui" && len(l.Args) > 1:
		r.follow(l.Args[1])
	case l.Word == "label":
		r.endLabel()
		r.label = &syslinuxLabel{name: l.Rest}
	case l.Word == "append" && r.label == nil:
		r.appended = l.Rest
	case r.label != nil:
		r.label.line(l)
	}
}

// line takes in a line of a label.
func (l *syslinuxLabel) line(line SyslinuxLine) {
	switch {
	case line.Word == "append":
		l.append, l.hasAppend = line.Rest, true
	case line.Word == "initrd":
		l.initrds = strings.Split(line.First(), ",")
	case line.Word == "localboot" || slices.Contains(SyslinuxKernels(), line.Word):
		l.kind = line.Word
		l.kernel, l.args = splitWord(line.Rest)
	}
}

// menu takes in a line of the menu's.
func (r *syslinuxReader) menu(l SyslinuxLine) {
	rest := strings.TrimSpace(strings.TrimPrefix(l.Rest, l.First()))
	switch strings.ToLower(l.First()) {
	case "label":
		if r.label != nil {
			r.label.title = strings.Replace(rest, "^", "", 1) // it stands before the key that chooses the entry
		}
	case "title":
		if n := len(r.menus); n > 0 {
			r.menus[n-1] = rest // instead of the name behind BEGIN
		}
	case "default":
		if r.label != nil {
			r.label.preset = true
		}
	case "include":
		if len(l.Args) > 1 {
			r.file(r.beside(l.Args[1]))
		}
	case "begin":
		r.endLabel()
		if len(r.menus) < includesMost {
			r.menus = append(r.menus, rest)
		}
	case "end":
		r.endLabel()
		r.menus = r.menus[:max(0, len(r.menus)-1)]
	}
}

// endLabel makes an entry of the label that is under way, or follows it to another
// configuration.
func (r *syslinuxReader) endLabel() {
	l := r.label
	r.label = nil
	if l == nil {
		return
	}
	if !l.hasAppend {
		l.append = r.appended
	}
	if l.append == "-" {
		l.append = "" // readconfig.c: a dash means no arguments
	}
	l.kernel = r.ended(l.kind, l.kernel)
	switch {
	case l.kind == "":
		return
	case l.kind == "config":
		first, _ := splitWord(l.append)
		r.followInto(l.kernel, first)
	case isMenu(l.kernel):
		first, _ := splitWord(l.append)
		r.follow(first)
	default:
		before := len(r.Entries)
		r.add(r.entry(l))
		if len(r.Entries) > before {
			r.labels = append(r.labels, l.name)
		}
	}
}

// isMenu tells whether a program draws the menu of another configuration, which its
// arguments name.
func isMenu(program string) bool {
	base := strings.ToLower(path.Base(program))
	return base == "menu.c32" || base == "vesamenu.c32"
}

// follow goes to another configuration, unless that was done. Labels in it begin without
// what was there before.
func (r *syslinuxReader) follow(name string) {
	name = r.beside(name)
	if name == r.dir || slices.Contains(r.followed, name) {
		return
	}
	r.followed = append(r.followed, name)
	appended := r.appended
	r.appended = ""
	r.file(name)
	r.endLabel()
	r.appended = appended
}

// followInto goes to another configuration whose names are relative to a folder that is named
// with it, unless none is (doc/syslinux.txt, CONFIG).
func (r *syslinuxReader) followInto(name, dir string) {
	before := r.dir
	defer func() { r.dir = before }()
	if name = r.beside(name); dir != "" {
		r.dir = r.path(r.beside(dir))
	}
	r.follow("/" + name)
}

// entry is what a label starts.
func (r *syslinuxReader) entry(l *syslinuxLabel) Entry {
	e := Entry{Title: l.title, Kind: syslinuxKind(l.kind, l.kernel), Default: l.preset}
	if e.Title == "" {
		e.Title = l.name
	}
	e.Title = strings.Join(append(slices.DeleteFunc(slices.Clone(r.menus), func(s string) bool { return s == "" }), e.Title), " > ")
	if e.Kind == Multiboot {
		return r.multiboot(e, l.append)
	}
	if l.kind == "localboot" {
		return e
	}
	e.Kernel = r.path(r.beside(l.kernel))
	var words []string
	for _, word := range strings.Fields(l.args + " " + l.append) {
		if list, ok := strings.CutPrefix(word, "initrd="); ok {
			l.initrds = strings.Split(list, ",")
			continue
		}
		words = append(words, word)
	}
	e.Args = strings.Join(words, " ")
	for _, name := range l.initrds {
		if name != "" {
			e.Initrds = append(e.Initrds, r.path(r.beside(name)))
		}
	}
	return e
}

// ended is a name that a line of a label has, with the ending that Syslinux adds to it where there
// is no file of that name.
func (r *syslinuxReader) ended(word, name string) string {
	if _, ok := r.Find(r.beside(name)); ok {
		return name
	}
	for _, ending := range added(word) {
		if _, ok := r.Find(r.beside(name + ending)); ok {
			return name + ending
		}
	}
	return name
}

// multiboot takes what mboot.c32 is told: the kernel and its modules, each with arguments,
// between three dashes.
func (r *syslinuxReader) multiboot(e Entry, told string) Entry {
	for i, part := range strings.Split(told, "---") {
		name, args := splitWord(strings.TrimSpace(part))
		name = r.path(r.beside(name))
		if i == 0 {
			e.Kernel, e.Args = name, args
			continue
		}
		e.Modules = append(e.Modules, strings.TrimSpace(name+" "+args))
	}
	return e
}

// syslinuxKind is how a label starts what it names. KERNEL goes by the ending
// (com32/elflink/ldlinux/execute.c: kernel_type).
func syslinuxKind(word, name string) Kind {
	base := strings.ToLower(path.Base(name))
	switch {
	case word == "linux":
		return Linux
	case base == "mboot.c32":
		return Multiboot
	case word != "kernel":
		return Other
	case slices.Contains(endings(), path.Ext(base)):
		return Other
	}
	return Linux
}

// endings are those by which Syslinux knows what isn't Linux: up to version 4 exten_table of its
// core, and since file_extensions in com32/elflink/ldlinux/ldlinux.c.
func endings() []string {
	return []string{".c32", ".com", ".cbt", ".bss", ".bs", ".bin", ".0", ".img"}
}

// added are the endings that Syslinux tries behind a name without a file: of COM32 that of modules
// alone (com32/elflink/ldlinux/execute.c).
func added(word string) []string {
	switch word {
	case "kernel", "linux":
		return endings()
	case "com32":
		return endings()[:1]
	}
	return nil
}

// choose marks the entry that is started where nobody chooses: that of MENU DEFAULT, else
// that of DEFAULT, else the first kernel. A module of the loader's that DEFAULT names
// chooses by itself among labels.
func (r *syslinuxReader) choose() {
	at := -1
	for i := range r.Entries {
		if r.Entries[i].Default {
			at = i
		}
		r.Entries[i].Default = false
	}
	for _, name := range r.chosen {
		if i := slices.Index(r.labels, name); at < 0 && i >= 0 && r.Entries[i].Kind != Other {
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

// beside is the path of a name: relative ones are beside the configuration.
func (r *syslinuxReader) beside(name string) string {
	if strings.HasPrefix(name, "/") {
		return clean(name)
	}
	return clean(path.Join(r.dir, name))
}

// splitWord cuts the first word of a line off.
func splitWord(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimSpace(s[i:])
	}
	return s, ""
}
