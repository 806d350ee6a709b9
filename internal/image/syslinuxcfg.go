package image

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/bootconfig"
)

// What is read of configurations.
const (
	configMost   = 256 << 10 // bytes of one
	configsMost  = 64        // of one folder
	includesMost = 64        // files that one leads to
	problemsMost = 8         // that are told of one folder
	pathsMost    = 16        // where modules are looked for
)

// checkConfigs warns of what is wrong with the configurations of a loader of Syslinux.
// They are served as they are.
func (l *folderLook) checkConfigs(program string) {
	dir := path.Join(path.Dir(program), "pxelinux.cfg")
	entries, err := fs.ReadDir(l.root.FS(), dir)
	if err != nil {
		l.warn("%s finds no configuration and stops: there is no folder pxelinux.cfg beside it; write pxelinux.cfg/default", program)
		return
	}
	if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return isAskedFor(e.Name()) }) {
		l.warn("%s finds no configuration and stops: in %s is no file of a name that it asks for; call the one for all machines default%s", program, dir, instead(entries))
	}
	var problems []string
	for _, e := range entries[:min(len(entries), configsMost)] {
		c := &configCheck{dir: path.Dir(program), read: l.text, has: l.has, absence: l.absence}
		problems = append(problems, c.config(path.Join(dir, e.Name()))...)
	}
	for _, p := range problems[:min(len(problems), problemsMost)] {
		l.warn("%s; the file is served as it is", p)
	}
	if more := len(problems) - problemsMost; more > 0 {
		l.warn("there are %d more such places in the configurations", more)
	}
}

// isAskedFor tells whether PXELINUX asks for a configuration of that name: default, a
// part of an IP address in hexadecimal digits, a MAC address behind the type of its
// network, or a UUID (pxe_open_config in core/fs/pxe/pxe.c).
func isAskedFor(name string) bool {
	address := regexp.MustCompile(`^([0-9A-F]{1,8}|[0-9a-f]{2}(-[0-9a-f]{2}){6,20}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	return name == "default" || address.MatchString(name)
}

// instead says what is in a folder for configurations.
func instead(entries []fs.DirEntry) string {
	if len(entries) == 0 {
		return ""
	}
	return fmt.Sprintf(" (there is %s)", clipWord(entries[0].Name()))
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
	// absence says why there is no such file.
	absence func(name string) string

	problems []string
	labels   []string
	chosen   []choice
	unread   bool // it includes what wasn't read
	files    int
	paths    []string // where modules are looked for
	label    string   // that is under way
	labelAt  string
	starts   bool // it says what to do
}

// choice is what a configuration says that is started where nobody chooses.
type choice struct{ at, word, name string }

// config goes through a configuration and all that it includes.
func (c *configCheck) config(name string) (problems []string) {
	c.file(name)
	c.endLabel()
	for _, chosen := range c.chosen {
		if !c.unread && !slices.Contains(c.labels, chosen.name) && !c.there(chosen.name) {
			c.problem(chosen.at, "has %s name %q, which is neither a label of the configuration nor a file", strings.ToUpper(chosen.word), clipWord(chosen.name))
		}
	}
	return c.problems
}

// file goes through one file.
func (c *configCheck) file(name string) {
	if c.files++; c.files > includesMost {
		c.unread = true
		return
	}
	text, ok := c.read(name)
	if !ok {
		c.unread = true
		return
	}
	for line := range bootconfig.SyslinuxLines(text) {
		c.line(fmt.Sprintf("%s, line %d", name, line.Number), line.Word, line.Args)
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
	case !slices.Contains(bootconfig.SyslinuxWords(), word):
		c.problem(at, "begins with %q, which Syslinux doesn't know", clipWord(word))
	case word == "label":
		c.endLabel()
		c.label, c.labelAt, c.starts = first, at, false
		c.labels = append(c.labels, first)
	case word == "default", word == "ontimeout", word == "onerror":
		c.choose(choice{at, word, first})
	case word == "include":
		c.include(first)
	case word == "path":
		more := strings.SplitN(strings.Join(args, " "), ":", pathsMost+1)
		c.paths = append(c.paths, more...)
		c.paths = c.paths[:min(len(c.paths), pathsMost)]
	case word == "menu":
		c.menu(args)
	case word == "localboot":
		c.starts = true
	case slices.Contains(bootconfig.SyslinuxKernels(), word):
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

// choose takes in a label, or a file, that is started by itself. Of several of a kind
// the last counts.
func (c *configCheck) choose(chosen choice) {
	c.chosen = slices.DeleteFunc(c.chosen, func(before choice) bool { return before.word == chosen.word })
	if chosen.name != "" {
		c.chosen = append(c.chosen, chosen)
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
			c.include(args[1])
		}
	}
}

// include goes through another file. Syslinux passes over one that isn't there, as
// Debian's menus have many.
func (c *configCheck) include(name string) {
	if c.there(name) {
		c.file(c.beside(name))
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
		c.problem(at, "names %s, %s", clipWord(name), c.absence(c.beside(name)))
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
