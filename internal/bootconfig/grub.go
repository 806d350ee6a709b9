package bootconfig

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what a configuration of GRUB does while it is read.
const (
	stepsMost     = 20000 // commands
	callsMost     = 16    // files and functions that lead to one another
	variablesMost = 512
	valueMost     = 4096    // bytes of a variable
	filledMost    = 8 << 20 // bytes of all words, once their variables are filled in
)

// device is what root and the variables that search sets hold.
const device = "cd0"

// grubReader carries out a configuration as far as it says what to boot: it assigns
// variables, follows conditions, other files and functions, and collects entries. What a
// command would do to the machine it takes for done.
type grubReader struct {
	*Medium
	Config
	vars      map[string]string
	functions map[string][]grubNode
	steps     int
	filled    int // bytes
	calls     int
	stopped   bool // by exit or return
	entry     *Entry
	pending   []grubEntry
	top       []int // of Entries: under which entry of the first menu each lies
	ids       []string
}

// grubEntry is a menuentry or submenu, whose block is carried out once it is chosen.
type grubEntry struct {
	title, id string
	submenu   bool
	body      []grubNode
	args      []string
}

// readGRUB reads the configuration that begins in a file.
func readGRUB(f *Medium, name string) Config {
	r := &grubReader{Medium: f, functions: map[string][]grubNode{}, vars: map[string]string{
		"root": device, "prefix": "(" + device + ")/" + path.Dir(name), "config_directory": "(" + device + ")/" + path.Dir(name),
		"config_file": "(" + device + ")/" + name, "cmdpath": "(" + device + ")/EFI/BOOT", "grub_platform": "efi", "grub_cpu": "x86_64",
		"feature_menuentry_id": "y", "feature_menuentry_options": "y", "feature_all_video_module": "y", "feature_default_font_path": "y", "feature_platform_search_hint": "y", "feature_200_final": "y", "feature_nativedisk_cmd": "y", "feature_timeout_style": "y",
	}}
	r.file(name)
	chosen := r.vars["default"]
	r.open(r.pending, nil, -1)
	r.choose(chosen)
	return r.Config
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

// set assigns a variable, within the bounds.
func (r *grubReader) set(name, value string) {
	if _, has := r.vars[name]; !has && len(r.vars) >= variablesMost || name == "" {
		return
	}
	r.vars[name] = value[:min(len(value), valueMost)]
}

// file carries out a file. A circle of files ends by the bound of calls.
func (r *grubReader) file(name string) bool {
	if r.calls >= callsMost {
		r.problem("files or functions lead to one another more than 16 deep; what lies behind that is left out")
		return false
	}
	found, ok := r.Find(name)
	text, cut := "", false
	if ok {
		text, cut, ok = r.Text(found)
	}
	if !ok {
		r.problem("leads to " + clip(clean(name)) + ", which can't be read")
		return false
	}
	if cut {
		r.problem(clip(found) + " has more than 256 KiB; what lies behind that is left out")
	}
	r.calls++
	r.run(parseGRUB(text))
	r.calls--
	return true
}

// run carries out commands; the result is that of the last one.
func (r *grubReader) run(nodes []grubNode) (ok bool) {
	ok = true
	for _, n := range nodes {
		if r.steps++; r.steps > stepsMost {
			r.problem("does more than 20000 commands; what lies behind them is left out")
			return false
		}
		if r.stopped || r.filled > filledMost {
			return ok
		}
		ok = r.do(n)
	}
	return ok
}

// do carries out one command or construct.
func (r *grubReader) do(n grubNode) bool {
	switch n.kind {
	case "if":
		if r.run(n.cond) {
			return r.run(n.body)
		}
		return r.run(n.otherwise)
	case "for":
		words := r.expand(n.words)
		for _, value := range words[min(len(words), 2):] { // behind "x in"
			r.set(words[0], value)
			r.run(n.body)
		}
		return true
	case "while":
		return true // they wait for something
	case "function":
		if len(n.words) == 1 && len(r.functions) < variablesMost {
			r.functions[n.words[0].literal()] = n.body
		}
		return true
	}
	words := r.expand(n.words)
	if len(words) == 0 {
		return true
	}
	if name, value, ok := strings.Cut(words[0], "="); ok && len(words) == 1 {
		r.set(name, value)
		return true
	}
	return r.command(words[0], words[1:], n)
}

// command carries out a command.
func (r *grubReader) command(name string, args []string, n grubNode) bool {
	switch name {
	case "menuentry", "submenu":
		r.menuEntry(name == "submenu", args, n.body)
	case "set":
		for _, arg := range args {
			if name, value, ok := strings.Cut(arg, "="); ok {
				r.set(name, value)
			}
		}
	case "unset":
		for _, arg := range args {
			delete(r.vars, arg)
		}
	case "source", ".", "configfile", "normal", "extract_entries_source", "extract_entries_configfile", "extract_syslinux_entries_configfile":
		return len(args) == 0 || r.file(r.path(args[len(args)-1]))
	case "search", "search.file", "search.fs_label", "search.fs_uuid":
		return r.search(name, args)
	case "true", "false", "[", "test", "!", "regexp", "keystatus":
		return r.test(name, args)
	case "exit", "return":
		r.stopped = true
	default:
		if body, ok := r.functions[name]; ok {
			return r.call(body, args)
		}
		r.load(name, args)
	}
	return true
}

// call carries out a function.
func (r *grubReader) call(body []grubNode, args []string) bool {
	if r.calls >= callsMost {
		r.problem("files or functions lead to one another more than 16 deep; what lies behind that is left out")
		return false
	}
	r.calls++
	for i, arg := range args {
		r.set(strconv.Itoa(i+1), arg)
	}
	ok := r.run(body)
	r.stopped = false
	r.calls--
	return ok
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

// search finds the medium, whatever it looks for; a file only where it is there.
func (r *grubReader) search(name string, args []string) bool {
	variable := "root"
	byFile := name == "search.file"
	var hint string
	for _, arg := range args {
		switch {
		case strings.HasPrefix(arg, "--set="):
			variable = strings.TrimPrefix(arg, "--set=")
		case arg == "--file" || arg == "-f":
			byFile = true
		case !strings.HasPrefix(arg, "-"):
			hint = arg
		}
	}
	if _, found := r.Find(hint); byFile && hint != "" && !found {
		return false
	}
	r.set(variable, device)
	return true
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

// expand fills in the variables of words. An empty one without quotes is no word.
func (r *grubReader) expand(words []grubWord) []string {
	var all []string
	for _, w := range words {
		for _, word := range r.fill(w) {
			if r.filled += len(word) + 1; r.filled > filledMost {
				r.problem("fills in more than 8 MiB; what lies behind that is left out")
				return nil
			}
			all = append(all, word)
		}
	}
	return all
}

// fill fills in the variables of one word, which may make it none or several.
func (r *grubReader) fill(w grubWord) []string {
	var all []string
	var b strings.Builder
	is := false // a word begins
	for _, p := range w {
		text := p.text
		if p.variable {
			text = r.vars[p.text]
			r.filled += len(text)
		}
		if r.filled > filledMost {
			break
		}
		if !p.variable || p.quoted {
			b.WriteString(text)
			is = is || p.quoted || text != ""
			continue
		}
		for i, field := range strings.Fields(text) {
			if i > 0 {
				all = append(all, b.String())
				b.Reset()
			}
			b.WriteString(field)
			is = true
		}
	}
	if is {
		all = append(all, b.String())
	}
	return all
}
