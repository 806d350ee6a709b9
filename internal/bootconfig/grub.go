package bootconfig

import (
	"path"
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
