package report

import (
	"strings"

	"github.com/spurboot/spur/internal/timeline"
)

// part is one of the sentences of a verdict, with its label.
type part struct{ label, text string }

func verdictParts(v timeline.Verdict) []part {
	return []part{
		{"seen    ", timeline.Clean(v.Sentence)},
		{"likely  ", timeline.Clean(v.Likely)},
		{"do      ", timeline.Clean(v.Hint)},
	}
}

func verdictWord(v timeline.Verdict) string {
	if v.Info {
		return "handed over (" + string(v.Cause) + ")"
	}
	return "stalled (" + string(v.Cause) + ")"
}

func verdictColour(v timeline.Verdict) colour {
	if v.Info {
		return faint
	}
	return red
}

// wrap breaks text into lines of at most width columns, at blanks. Below a
// width that is any use (20 columns) it leaves the text in one line.
func wrap(text string, width int) []string {
	if width < 20 {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// columns is how many columns a text takes at most: what is not Latin may be
// two columns wide.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x1100 && (r < 0x2000 || r >= 0x2e80) {
			n++
		}
	}
	return n
}

// cut shortens a text to width columns.
func cut(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	n := 0
	for i, r := range s {
		if n += columns(string(r)); n >= width {
			return s[:i] + "…"
		}
	}
	return s
}
