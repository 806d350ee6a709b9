package inventory

import (
	"fmt"
	"regexp"
	"strings"
)

// slip is what goes wrong often in YAML, by what the parser says of it, in plain words.
type slip struct{ parser, what, remedy string }

func slips() []slip {
	return []slip{
		{"found character '\t'", "a tab can't indent in YAML", "indent with blanks"},
		{"could not find end character of", "a quote is opened here and never closed", "write the same quote behind the value"},
		{"end token '", "a bracket is opened here and never closed", "close it behind its last value"},
		{"unknown escape character", `\ between "…" is a mark of YAML's`, `write it twice, or put the value between '…'`},
		{"could not find flow map content", "{ at the beginning of a value is a mark of YAML's", `put the value in quotes, as in '{{ ID "file" }}'`},
		{"block sequence entries are not allowed", "- at the beginning of a value is a mark of YAML's", "put the value in quotes, or begin the list in a line of its own"},
		{"invalid header option", "| and > at the beginning of a value are marks of YAML's", "put the value in quotes, or begin it in the next line"},
		{"non-map value is specified", noPair, pairRemedy},
		{"unexpected key name", noPair, pairRemedy},
	}
}

const (
	noPair     = "this is no KEY: VALUE"
	pairRemedy = "write a colon and a blank behind the key"

	// notAllowed is what the parser says of what has no place where it is.
	notAllowed = "value is not allowed in this context"

	// indentation says how lines begin.
	indentation = "begin all keys of a row in one column, and the dashes of all rows in another, with blanks before them"
)

// plainly says in plain words what the parser says of a place, and where it is; what is empty
// where it is none of the commonest.
func (s source) plainly(at Place, parser string) (where Place, what, remedy string) {
	for _, one := range slips() {
		if strings.Contains(parser, one.parser) {
			return at, one.what, one.remedy
		}
	}
	if where, what, remedy = s.mark(at); what != "" {
		return where, what, remedy
	}
	if !strings.Contains(parser, notAllowed) {
		return at, "", ""
	}
	if n := s.bareDash(at.Line); n > 0 {
		return Place{n, strings.Index(s.line(n), "-") + 1}, "a dash needs a blank behind it", "write - KEY: VALUE"
	}
	line := []rune(s.line(at.Line))
	column := min(max(at.Column-1, 0), len(line))
	before, behind := strings.TrimSpace(string(line[:column])), string(line[column:])
	switch {
	case strings.HasPrefix(parser, "mapping "):
		return s.colon(at, behind)
	case strings.HasSuffix(before, "'"), strings.HasSuffix(before, `"`):
		return at, "there is text behind a closing quote", "put the whole value in quotes, close each quote before it, and write an apostrophe between '…' twice"
	case before == "":
		return at, "this line is indented otherwise than those that it belongs to", indentation
	}
	return at, "", ""
}

// colon says of a value in which a key begins what is wrong: a colon in it, or the line with
// the key, which is indented as if it belonged to the value.
func (s source) colon(at Place, value string) (where Place, what, remedy string) {
	if hasKey(value) {
		return at, "the value has a colon with a blank behind it, which is a mark of YAML's", fmt.Sprintf("put the value in quotes: '%s'", strings.ReplaceAll(clippedText(value), "'", "''"))
	}
	lines := s.lines()
	for n := at.Line; n < len(lines); n++ {
		if text := strings.TrimLeft(lines[n], " "); hasKey(text) && !strings.HasPrefix(text, "#") {
			return Place{n + 1, len(lines[n]) - len(text) + 1}, "this line is indented further than those that it belongs to", indentation
		}
	}
	return at, "", ""
}

// hasKey tells whether YAML sees a key in a text.
func hasKey(text string) bool { return strings.Contains(text+" ", ": ") }

// quotedMost is how many characters of a value are shown in advice.
const quotedMost = 40

func clippedText(text string) string {
	r := []rune(strings.TrimSpace(text))
	shown, _ := clipped(r[:min(len(r), quotedMost)], 0)
	if len(r) > quotedMost {
		shown += "…"
	}
	return shown
}

// mark finds a character at the beginning of a word that YAML has a meaning for: at a place,
// or just before it.
func (s source) mark(at Place) (where Place, what, remedy string) {
	line := []rune(s.line(at.Line))
	for _, column := range []int{at.Column, at.Column - 1} {
		if column < 2 || column > len(line) || !strings.ContainsRune(" [{,", line[column-2]) {
			continue
		}
		if c := line[column-1]; strings.ContainsRune("*&!@`", c) {
			return Place{at.Line, column}, fmt.Sprintf("%c at the beginning of a word is a mark of YAML's", c), fmt.Sprintf(`put the word in quotes, as in "%c"`, c)
		}
	}
	return at, "", ""
}

var dashAlone = regexp.MustCompile(`^ *-[a-z-]+:( |$)`)

// bareDash is the number of a line that begins with a dash and a key with nothing between:
// one itself, or the last before it that isn't empty; 0 for none.
func (s source) bareDash(line int) int {
	lines := s.lines()
	for n := min(line, len(lines)); n > 0; n-- {
		if dashAlone.MatchString(lines[n-1]) {
			return n
		}
		if n < line && strings.TrimSpace(lines[n-1]) != "" {
			return 0
		}
	}
	return 0
}

// lines are all lines without their ends, where many of them are looked at.
func (s source) lines() []string {
	return strings.Split(strings.ReplaceAll(s.text, "\r\n", "\n"), "\n")
}
