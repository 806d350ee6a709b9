package image

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// What is read of configurations.
const (
	configMost   = 256 << 10 // bytes of one
	configsMost  = 64        // of one folder
	includesMost = 64        // files that one leads to
	problemsMost = 8         // that are told of one folder
	pathsMost    = 16        // where modules are looked for
)

// syslinuxWords are those with which a line of a configuration of Syslinux can begin
// (its doc/syslinux.txt, doc/menu.txt and com32/elflink/ldlinux/readconfig.c).
func syslinuxWords() []string {
	return []string{
		"label", "kernel", "linux", "boot", "bss", "pxe", "fdimage", "comboot", "com32", "config", "localboot", "append",
		"addappend", "initrd", "fdt", "fdtdir", "devicetree", "ipappend", "sysappend", "include", "default", "ui", "prompt", "noescape", "nocomplete",
		"nohalt", "allowoptions", "timeout", "totaltimeout", "ontimeout", "onerror", "serial", "console", "font", "kbdmap",
		"display", "say", "menu", "text", "endtext", "path", "implicit", "sendcookies", "varlabel", "debug", "set",
		"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
	}
}

// checkConfigs warns of what is wrong with the configurations of a loader of Syslinux.
// They are served as they are.
func (l *folderLook) checkConfigs(program string) {
	dir := path.Join(path.Dir(program), "pxelinux.cfg")
	entries, err := fs.ReadDir(l.root.FS(), dir)
	if err != nil {
		l.warn("%s finds no configuration: there is no folder pxelinux.cfg beside it; write pxelinux.cfg/default", program)
		return
	}
	var problems []string
	for _, e := range entries[:min(len(entries), configsMost)] {
		c := &configCheck{dir: path.Dir(program), read: l.text, has: l.has}
		c.file(path.Join(dir, e.Name()))
		c.endLabel()
		problems = append(problems, c.problems...)
	}
	for _, p := range problems[:min(len(problems), problemsMost)] {
		l.warn("%s; it is served as it is", p)
	}
	if more := len(problems) - problemsMost; more > 0 {
		l.warn("there are %d more such places in the configurations", more)
	}
}

// text reads a small text of the folder.
func (l *folderLook) text(name string) (string, bool) {
	if !l.has(name) {
		return "", false
	}
	f, err := l.root.Open(name)
	if err != nil {
		return "", false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, configMost))
	return string(b), err == nil
}

// configCheck is one look through a configuration and what it includes. It is
// forgiving: only what can't be meant is a problem.
type configCheck struct {
	dir  string // of the loader, to which names are relative
	read func(name string) (string, bool)
	has  func(name string) bool

	problems []string
	files    int
	paths    []string // where modules are looked for
	inText   bool     // of a TEXT HELP
	label    string   // that is under way
	labelAt  string
	starts   bool // it says what to do
}

// file goes through one file.
func (c *configCheck) file(name string) {
	if c.files++; c.files > includesMost {
		return
	}
	text, ok := c.read(name)
	if !ok {
		return
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		c.line(fmt.Sprintf("%s, line %d", name, n), strings.ToLower(words[0]), words[1:])
	}
}

func (c *configCheck) problem(at, format string, a ...any) {
	if len(c.problems) <= problemsMost {
		c.problems = append(c.problems, at+", "+fmt.Sprintf(format, a...))
	}
}

// line takes in one line.
func (c *configCheck) line(at, word string, args []string) {
	first := ""
	if len(args) > 0 {
		first = args[0]
	}
	switch {
	case c.inText:
		c.inText = word != "endtext"
	case !slices.Contains(syslinuxWords(), word):
		c.problem(at, "begins with %q, which Syslinux doesn't know", clipWord(word))
	case word == "text":
		c.inText = true
	case word == "label":
		c.endLabel()
		c.label, c.labelAt, c.starts = first, at, false
	case word == "include":
		c.file(c.beside(first))
	case word == "path":
		more := strings.SplitN(strings.Join(args, " "), ":", pathsMost+1)
		c.paths = append(c.paths, more...)
		c.paths = c.paths[:min(len(c.paths), pathsMost)]
	case word == "menu":
		c.menu(args)
	case word == "localboot":
		c.starts = true
	case slices.Contains([]string{"kernel", "linux", "boot", "bss", "pxe", "fdimage", "comboot", "com32", "config"}, word):
		c.starts = true
		c.names(at, first)
	case word == "fdt":
		c.names(at, first)
	case word == "initrd":
		c.initrds(at, first)
	case word == "append":
		for _, arg := range args {
			if value, ok := strings.CutPrefix(arg, "initrd="); ok {
				c.initrds(at, value)
			}
		}
	}
}

// menu takes in a line of the menu's: some say what an entry does.
func (c *configCheck) menu(args []string) {
	if len(args) == 0 {
		return
	}
	switch strings.ToLower(args[0]) {
	case "exit", "quit", "goto", "disable", "disabled", "separator":
		c.starts = true
	case "begin", "end":
		c.endLabel()
	case "include":
		if len(args) > 1 {
			c.file(c.beside(args[1]))
		}
	}
}

// endLabel tells of a label that does nothing. One that has the name of a file starts
// that.
func (c *configCheck) endLabel() {
	if c.label != "" && !c.starts && !c.there(c.label) {
		c.problem(c.labelAt, "begins the label %q, which says nothing of what to start: it has no KERNEL, LINUX or COM32", clipWord(c.label))
	}
	c.label = ""
}

func (c *configCheck) initrds(at, list string) {
	for name := range strings.SplitSeq(list, ",") {
		c.names(at, name)
	}
}

// names tells of a file that isn't there.
func (c *configCheck) names(at, name string) {
	if name != "" && name != "-" && len(c.problems) <= problemsMost && !c.there(name) {
		c.problem(at, "names %s, which isn't there", clipWord(name))
	}
}

// there tells whether the loader would find a file. What lies on another server is
// believed to be there; a name without an ending may have one.
func (c *configCheck) there(name string) bool {
	if strings.Contains(name, "::") || strings.Contains(name, "://") {
		return true
	}
	for _, dir := range append([]string{""}, c.paths...) {
		for _, ending := range []string{"", ".c32", ".0", ".bin", ".bs", ".bss", ".cbt", ".com"} {
			if c.has(c.beside(path.Join(dir, name) + ending)) {
				return true
			}
		}
	}
	return false
}

// beside is the path of a name below the folder. A slash at its beginning doesn't lead
// out of the loader's folder (Syslinux: core/fs/pxe/pxe.c joins both).
func (c *configCheck) beside(name string) string {
	return path.Join(c.dir, path.Clean("/"+name))
}

// clipWord bounds a word that is shown.
func clipWord(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
