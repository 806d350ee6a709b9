package inventory

import "strings"

const (
	// keysMost is how many lines of a map, or values between one pair of brackets, there may
	// be: the parser takes time by the square of their number.
	keysMost = 2000
	// marksMost is how many words may begin with a mark of YAML's, and lineMost how many
	// characters a line may have: for these it does so too.
	marksMost = 10000
	lineMost  = 16 << 10
)

// bounds follows the text of a file as far as that shows what would take the parser long.
// It knows no quotes, and so bounds what is in them as well.
type bounds struct {
	last    rune
	length  int  // of the line
	depth   int  // of brackets
	values  int  // between those that are open
	started bool // the line has had more than blanks and marks of lists
	blanks  int  // before that
	nested  int  // marks of lists and keys before that
	lines   []indented
	marks   int
}

// indented are the lines of a map with an indentation, behind those with less.
type indented struct{ blanks, lines int }

// next takes in a character; why says what is too much.
func (b *bounds) next(c rune) (why string) {
	defer func() { b.last = c }()
	if c == '\n' {
		b.started, b.blanks, b.nested, b.length = false, 0, 0, 0
		return ""
	}
	b.length++
	if strings.ContainsRune("&*!%", c) && (b.last == 0 || strings.ContainsRune(" \t\n[{,&*!%", b.last)) {
		b.marks++
	}
	switch c {
	case '[', '{':
		b.depth++
	case ']', '}':
		if b.depth = max(b.depth-1, 0); b.depth == 0 {
			b.values = 0
		}
	case ',':
		if b.depth > 0 {
			b.values++
		}
	}
	b.beginning(c)
	switch {
	case b.depth > nestingMost, b.nested > nestingMost:
		return "lists and maps lie too deep in each other"
	case b.values > keysMost, len(b.lines) > 0 && b.lines[len(b.lines)-1].lines > keysMost:
		return "a list or a map is too long"
	case b.length > lineMost:
		return "the line is too long"
	case b.marks > marksMost:
		return "too many words begin with a mark of YAML's, such as * and &"
	}
	return ""
}

// beginning follows what a line begins with.
func (b *bounds) beginning(c rune) {
	switch {
	case b.started:
	case c == ' ' && strings.ContainsRune("-?:", b.last):
		b.nested++
		b.blanks++
	case strings.ContainsRune(" \t-?:", c):
		b.blanks++
	case c != '#':
		b.started = true
		b.indent()
	default:
		b.started = true
	}
}

// indent counts a line, by what it is indented with. A mark of a list begins a map anew.
func (b *bounds) indent() {
	for len(b.lines) > 0 && (b.lines[len(b.lines)-1].blanks > b.blanks || b.nested > 0 && b.lines[len(b.lines)-1].blanks == b.blanks) {
		b.lines = b.lines[:len(b.lines)-1]
	}
	if len(b.lines) == 0 || b.lines[len(b.lines)-1].blanks < b.blanks {
		b.lines = append(b.lines, indented{blanks: b.blanks})
	}
	b.lines[len(b.lines)-1].lines++
}
