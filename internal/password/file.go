package password

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/wholefile"
)

// File is which items ask for which password: the first rule whose pattern fits a name of
// the item says.
type File struct {
	rules []rule
}

// rule is a line: titles that it is for, with the groups before them, and the hash.
type rule struct {
	pattern string
	hash    hash
	open    bool // no password is asked for
}

// sizeMost bounds a file of passwords.
const sizeMost = 64 << 10

// Open reads a file with a line for each password: PATTERN HASH, where PATTERN is the title
// of an item, or fits several (* stands for any characters but a slash, ** for all items).
// In the place of the hash - stands for no password: the first line that fits counts.
// Lines that begin with # say nothing.
func Open(name string) (*File, error) {
	text, err := wholefile.Read(name, sizeMost)
	if err != nil {
		return nil, advice.Wrap(err, "name a file that may be read, of lines TITLE HASH")
	}
	parsed, err := parse(name, string(text))
	if err != nil {
		return nil, advice.Wrap(err, "write TITLE HASH, where echo -n SECRET | argon2 SALT -id -e prints HASH (Debian's package argon2)")
	}
	return parsed, nil
}

// parse reads the text of a file by a name.
func parse(name, text string) (*File, error) {
	f := &File{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexAny(line, " \t")
		if at < 0 {
			return nil, fmt.Errorf("%s, line %d: it has no title, or no hash", name, n)
		}
		pattern := strings.TrimSpace(line[:at])
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("%s, line %d: %q is no pattern of titles: %w", name, n, pattern, err)
		}
		if line[at+1:] == "-" {
			f.rules = append(f.rules, rule{pattern: pattern, open: true})
			continue
		}
		h, err := parseHash(line[at+1:])
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		f.rules = append(f.rules, rule{pattern: pattern, hash: h})
	}
	if len(f.rules) == 0 {
		return nil, fmt.Errorf("%s has no line with a password: the menu would ask for none", name)
	}
	return f, nil
}

// all is the pattern that every title fits.
const all = "**"

func (r rule) fits(title string) bool {
	if r.pattern == all || r.pattern == title {
		return true
	}
	ok, _ := path.Match(r.pattern, title)
	return ok
}

// Protects tells whether an item of these names asks for a password. nil protects none.
func (f *File) Protects(names ...string) bool {
	_, ok := f.find(names)
	return ok
}

func (f *File) find(names []string) (rule, bool) {
	if f != nil {
		for _, r := range f.rules {
			if slices.ContainsFunc(names, r.fits) {
				return r, !r.open
			}
		}
	}
	return rule{}, false
}

// Idle are the patterns that no title fits.
func (f *File) Idle(titles []string) []string {
	var idle []string
	for _, r := range f.rules {
		used := false
		for _, title := range titles {
			used = used || r.fits(title)
		}
		if !used {
			idle = append(idle, r.pattern)
		}
	}
	return idle
}
