package tree

import (
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/spurboot/spur/internal/route"
)

// maxScriptNames bounds the names that scripts lead to.
const maxScriptNames = 4096

// scriptNames are the relative names in iPXE scripts, and what they are for.
type scriptNames struct {
	plain    map[string]route.Role
	patterns []pattern
	known    map[string]bool // the patterns, by how they are written
}

// pattern is a name in which iPXE expands settings.
type pattern struct {
	literals []string // what stands between the settings, in order
	role     route.Role
}

func newScriptNames() scriptNames {
	return scriptNames{plain: map[string]route.Role{}, known: map[string]bool{}}
}

// maxNameLength bounds a name that scripts may stand for, in bytes.
const maxNameLength = 2048

// matches tells whether a name can be what a pattern comes to. It looks at each
// byte once, whatever scripts are made of.
func (p pattern) matches(name string) bool {
	last := len(p.literals) - 1
	rest, ok := strings.CutPrefix(name, p.literals[0])
	if !ok {
		return false
	}
	for _, literal := range p.literals[1:last] {
		if _, rest, ok = strings.Cut(rest, literal); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, p.literals[last])
}

// addScript takes in the names of a script that lies in the folder dir. Any
// word of it may be one: scripts put names into settings and use them later.
func (s *scriptNames) addScript(dir, script string) {
	for line := range strings.Lines(script) {
		role := route.Extra
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "#") {
				break // the rest is a comment
			}
			if r, ok := command(word); ok {
				role = r
				continue
			}
			s.add(dir, strings.Trim(word, `"'`), role)
		}
	}
}

// command says what a file is that a command of iPXE takes.
func command(word string) (route.Role, bool) {
	switch word {
	case "kernel":
		return route.Kernel, true
	case "initrd", "module", "imgfetch":
		return route.Initrd, true
	case "chain", "imgexec", "imgload", "boot":
		return route.Script, true
	case "set", "||", "&&", ";":
		return route.Extra, true
	}
	return "", false
}

var setting = regexp.MustCompile(`\$\{[^{}]*\}`)

func (s *scriptNames) add(dir, word string, role route.Role) {
	word, _, _ = strings.Cut(word, "?")
	if len(word) > 1024 || len(s.plain)+len(s.patterns) >= maxScriptNames || strings.Contains(word, "://") || strings.HasPrefix(word, "/") {
		return
	}
	if !setting.MatchString(word) {
		name := path.Join(dir, word)
		if have, ok := s.plain[name]; fs.ValidPath(name) && name != "." && (!ok || have == route.Extra) {
			s.plain[name] = role
		}
		return
	}
	// What is all settings would be any file.
	if last := word[strings.LastIndex(word, "/")+1:]; strings.Trim(setting.ReplaceAllString(last, ""), ".") == "" {
		return
	}
	if s.known[dir+"\n"+word] {
		return
	}
	s.known[dir+"\n"+word] = true
	literals := setting.Split(word, -1)
	if dir != "." {
		literals[0] = dir + "/" + literals[0]
	}
	s.patterns = append(s.patterns, pattern{literals, role})
}

// role is what a name is for. What a setting may stand for is never hidden.
func (s *scriptNames) role(name string) (route.Role, bool) {
	if r, ok := s.plain[name]; ok {
		return r, true
	}
	if len(name) > maxNameLength || !fs.ValidPath(name) || strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
		return "", false
	}
	for _, p := range s.patterns {
		if p.matches(name) {
			return p.role, true
		}
	}
	return "", false
}

// noScript says that what is there under a name is no script. What a script
// chains to is then what takes the machine over.
func (s *scriptNames) noScript(name string) {
	if s.plain[name] == route.Script {
		s.plain[name] = route.Kernel
	}
}
