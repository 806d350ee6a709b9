package image

import (
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/bootconfig"
)

// checkGRUBConfigs warns of files that configurations of GRUB name and that aren't there, in
// these and in what they lead to. They are served as they are.
func (l *folderLook) checkGRUBConfigs(todo []string) {
	seen := map[string]bool{}
	told := 0
	for len(todo) > 0 && len(seen) < includesMost {
		name := todo[0]
		todo = todo[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		text, ok := l.text(name)
		if !ok {
			continue
		}
		for _, c := range bootconfig.GRUBCommands(text) {
			for _, file := range namedByGRUB(c.Words) {
				found, ok := l.foundByGRUB(path.Dir(name), file)
				switch {
				case !ok && told < problemsMost:
					told++
					l.warn("%s, line %d, names %s, which isn't there; the file is served as it is", name, c.Line, clipWord(file))
				case ok && slices.Contains([]string{"configfile", "source", "."}, c.Words[0]):
					todo = append(todo, found)
				}
			}
		}
	}
}

// namedByGRUB are the files that a command loads from where GRUB came from, by names that
// don't depend on the machine.
func namedByGRUB(words []string) []string {
	var all []string
	switch words[0] {
	case "linux", "linuxefi", "linux16", "multiboot", "multiboot2", "module", "module2", "chainloader", "devicetree", "configfile", "source", ".":
		at := slices.IndexFunc(words[1:], func(w string) bool { return !strings.HasPrefix(w, "--") })
		if at >= 0 {
			all = words[1+at : 2+at]
		}
	case "initrd", "initrdefi", "initrd16":
		all = words[1:]
	}
	var plain []string
	for _, name := range all {
		for _, device := range []string{"(tftp)", "(http)", "(pxe)"} { // the server that GRUB came from
			name = strings.TrimPrefix(name, device)
		}
		if name != "" && !strings.ContainsAny(name, "(:+") && !strings.HasPrefix(name, "--") {
			plain = append(plain, name)
		}
	}
	return plain
}

// foundByGRUB finds a file that a configuration in a folder names: GRUB looks from the top on.
func (l *folderLook) foundByGRUB(dir, name string) (string, bool) {
	for _, at := range []string{path.Clean("/" + name), path.Join("/", dir, name)} {
		if at = strings.TrimPrefix(at, "/"); l.has(at) {
			return at, true
		}
	}
	return "", false
}
