package loader

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Menu is a menu as a loader draws it.
type Menu struct {
	Prompt  string
	Entries []MenuEntry   // in order; those of a group follow each other
	Default string        // the ID of the entry that is taken where nobody chooses; empty for none
	Timeout time.Duration // until then; negative: never
	// Hidden says which items this machine can't boot; empty where it can boot all.
	Hidden string
}

// MenuEntry is a line of it that boots something.
type MenuEntry struct {
	ID    string // a word
	Title string
	Group string // the menu that it is in, with slashes; empty for the first one
	URL   string // of the configuration that boots it, or of a program
	// Path is the URL's, of a program that finds what is beside it by its own name; empty
	// for a configuration.
	Path, Server string
	// Locked: the server asks for a password.
	Locked bool
}

// level is one of a menu's menus: the first, or one below another.
type level struct {
	name    string // its path; empty for the first
	title   string
	entries []MenuEntry
	below   []*level
}

// levels are a menu's menus as a tree.
func (m Menu) levels() *level {
	top := &level{title: m.Prompt}
	for _, e := range m.Entries {
		at := top
		for name := range strings.SplitSeq(e.Group, "/") {
			if name != "" {
				at = at.sub(name)
			}
		}
		at.entries = append(at.entries, e)
	}
	return top
}

// sub is the level below with a title.
func (l *level) sub(title string) *level {
	for _, below := range l.below {
		if below.title == title {
			return below
		}
	}
	below := &level{name: strings.TrimPrefix(l.name+"/"+title, "/"), title: title}
	l.below = append(l.below, below)
	return below
}

// holds tells whether the entry with an ID is in a level or below it.
func (l *level) holds(id string) bool {
	for _, e := range l.entries {
		if e.ID == id {
			return true
		}
	}
	for _, below := range l.below {
		if below.holds(id) {
			return true
		}
	}
	return false
}

// keys are the keys by which the lines of a level are chosen: of each title the first
// letter or digit that no line before has, nor the loader for itself; "" where none is
// left.
func (l *level) keys(reserved string) []string {
	taken := map[rune]bool{}
	for _, r := range reserved {
		taken[r] = true
	}
	var keys []string
	title := func(text string) {
		for _, r := range strings.ToLower(text) {
			if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) && !taken[r] {
				taken[r] = true
				keys = append(keys, string(r))
				return
			}
		}
		keys = append(keys, "")
	}
	for _, below := range l.below {
		title(below.title)
	}
	for _, e := range l.entries {
		title(e.Title)
	}
	return keys
}

// keyed is a title with its key before it.
func keyed(key, title string) string {
	if key == "" {
		return title
	}
	return fmt.Sprintf("[%s] %s", key, title)
}
