package boot

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Template is a kernel command line or a script in which URLs of Spur's own are
// still to be filled in, because they depend on the machine that asks.
type Template struct {
	parts []part
}

// part is literal text, or a file whose URL goes here, or the beacon.
type part struct {
	text   string
	file   File
	line   int // of file's name
	beacon bool
}

// Empty tells whether there is nothing in it.
func (c Template) Empty() bool { return len(c.parts) == 0 }

// SaysUp tells whether the beacon is among what is to be filled in.
func (c Template) SaysUp() bool {
	return slices.ContainsFunc(c.parts, func(p part) bool { return p.beacon })
}

// action matches one template action. Only three exist, so a template engine
// (with its loops, on text that a remote API supplied) would be too much.
var action = regexp.MustCompile("(?:\\s*\\{\\{-|\\{\\{)\\s*(?:(ID|URL)\\s+(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)|(UP))\\s*(?:-\\}\\}\\s*|\\}\\})")

// ParseCmdline reads a command line. `{{ ID "path or URL" }}` and, as its
// other name, `{{ URL "…" }}` stand for the URL at which Spur serves that
// file to the machine; `{{ UP }}` stands for the URL that the booted system
// may fetch to say that it is up. As in Go's templates, {{- and -}} swallow the
// blanks on their side.
func ParseCmdline(s string) (Template, error) {
	t, err := parse(s)
	if err != nil {
		return Template{}, fmt.Errorf("the command line %w", err)
	}
	if other := t.others(); len(other) > 0 {
		return Template{}, fmt.Errorf("the command line has %q, which is none of {{ ID \"file\" }}, {{ URL \"file\" }}, {{ UP }}", other[0])
	}
	return t, nil
}

// ParseScript reads an iPXE script in which the same may stand. Other text in
// braces may be meant for somebody else: it is left as it is, and listed.
func ParseScript(s string) (t Template, others []string, err error) {
	if t, err = parse(s); err != nil {
		return Template{}, nil, fmt.Errorf("the script %w", err)
	}
	return t, t.others(), nil
}

func parse(s string) (Template, error) {
	var c Template
	line := 1
	for {
		at := action.FindStringSubmatchIndex(s)
		if at == nil {
			c.Text(s)
			return c, nil
		}
		c.Text(s[:at[0]])
		if at[6] >= 0 {
			c.Beacon()
		} else if err := c.quoted(s[at[4]:at[5]], line+strings.Count(s[:at[4]], "\n")); err != nil {
			return Template{}, err
		}
		line += strings.Count(s[:at[1]], "\n")
		s = s[at[1]:]
	}
}

// others lists what looks like an action and is none.
func (c Template) others() []string {
	var all []string
	for _, p := range c.parts {
		for text := p.text; ; text = text[2:] {
			i := strings.Index(text, "{{")
			if i < 0 {
				break
			}
			text = text[i:]
			braces, _, _ := strings.Cut(text, "\n")
			if end := strings.Index(braces, "}}"); end >= 0 {
				braces = braces[:end+2]
			}
			all = append(all, clip(braces))
		}
	}
	return all
}

func (c *Template) quoted(literal string, line int) error {
	source, err := strconv.Unquote(literal)
	if err != nil || source == "" {
		return fmt.Errorf("names a file as %s, which is no quoted name", literal)
	}
	c.parts = append(c.parts, part{file: File{Source: source}, line: line})
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Text appends literal text.
func (c *Template) Text(s string) {
	if s != "" {
		c.parts = append(c.parts, part{text: s})
	}
}

// File appends the URL of a file.
func (c *Template) File(f File) { c.parts = append(c.parts, part{file: f}) }

// Append appends all of another text.
func (c *Template) Append(other Template) { c.parts = append(c.parts, other.parts...) }

// Beacon appends the URL that tells Spur that the system is up.
func (c *Template) Beacon() { c.parts = append(c.parts, part{beacon: true}) }

// Files lists the files that the text refers to.
func (c Template) Files() []File {
	var files []File
	for _, p := range c.parts {
		if p.file != (File{}) {
			files = append(files, p.file)
		}
	}
	return files
}

// FileError is an error about a file that a text refers to.
type FileError struct {
	Line int // of the text, in which the file is named
	error
}

// Unwrap is the error itself.
func (e *FileError) Unwrap() error { return e.error }

// size is how many bytes the texts of all parts have.
func (c Template) size() int {
	n := 0
	for _, p := range c.parts {
		n += len(p.text) + p.file.size()
	}
	return n
}

// MapFiles returns the text with every file's source replaced by what
// f makes of it. An error of f comes back as a *FileError.
func (c Template) MapFiles(f func(source string) (string, error)) (Template, error) {
	mapped := Template{parts: make([]part, len(c.parts))}
	for i, p := range c.parts {
		if p.file != (File{}) {
			source, err := f(p.file.Source)
			if err != nil {
				return Template{}, &FileError{p.line, err}
			}
			p.file.Source = source
		}
		mapped.parts[i] = p
	}
	return mapped, nil
}

// Expand writes a command line for one machine: file gives the URL of a file,
// beacon is the URL of the beacon. Line breaks become blanks: they would end
// the line of a boot script.
func (c Template) Expand(file func(File) string, beacon string) string {
	breaks := func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }
	return strings.Join(strings.FieldsFunc(c.Fill(file, beacon), breaks), " ")
}

// Fill writes the text for one machine, as it is but for what is filled in.
func (c Template) Fill(file func(File) string, beacon string) string {
	var b strings.Builder
	for _, p := range c.parts {
		switch {
		case p.beacon:
			b.WriteString(beacon)
		case p.file != (File{}):
			b.WriteString(file(p.file))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}
