package inventory

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spurboot/spur/internal/advice"
)

// Place is a place in a file, line and column from 1; the zero value is its beginning.
type Place struct{ Line, Column int }

// source is the text of a file, to show places in it.
type source struct {
	name string
	text string
}

// Error says of a place in the file what is wrong there, with the line and a caret below
// the place.
func (i *Inventory) Error(at Place, err error) error { return i.text.error(at, err) }

// Line is where a place is, for people: FILE:LINE.
func (i *Inventory) Line(at Place) string { return fmt.Sprintf("%s:%d", i.text.name, at.Line) }

// shownMost is how many characters of a line are shown.
const shownMost = 100

func (s source) error(at Place, err error) error {
	at.Line = min(max(at.Line, 1), strings.Count(s.text, "\n")+1) // the parser counts other breaks too
	line := s.line(at.Line)
	at.Column = min(max(at.Column, 1), utf8.RuneCountInString(line)+1)
	text := fmt.Sprintf("%s:%d:%d: %v", s.name, at.Line, at.Column, err)
	shown, column := clipped([]rune(line), at.Column-1)
	if shown != "" {
		text += "\n  " + shown + "\n  " + indent(shown, column) + "^"
	}
	return advice.New(text, advice.Of(err))
}

func (s source) fail(at Place, what, remedy string) error {
	return s.error(at, advice.New(what, remedy))
}

// line is a line without its end; empty for none.
func (s source) line(n int) string {
	text := s.text
	for ; n > 1; n-- {
		_, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return ""
		}
		text = rest
	}
	text, _, _ = strings.Cut(text, "\n")
	return strings.ToValidUTF8(strings.TrimSuffix(text, "\r"), "?")
}

// clipped is what is shown of a line, and where in it the place at column is.
func clipped(line []rune, column int) (string, int) {
	for i, r := range line {
		if r != '\t' && !unicode.IsPrint(r) {
			line[i] = '?'
		}
	}
	from := 0
	if column > shownMost-20 {
		from = column - shownMost/2
	}
	to := min(len(line), from+shownMost)
	return string(line[from:to]), column - from
}

// indent leads to a column of a line: tabs are as wide there.
func indent(line string, column int) string {
	var b strings.Builder
	for _, r := range []rune(line)[:min(column, utf8.RuneCountInString(line))] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
