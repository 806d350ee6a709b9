package boot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Cmdline is a kernel command line in which URLs of Spur's own are still to
// be filled in, because they depend on the machine that asks.
type Cmdline struct {
	parts []part
}

// part is literal text, or a file whose URL goes here, or the beacon.
type part struct {
	text   string
	file   string
	beacon bool
}

// action matches one template action. Only three exist, so a template engine
// (with its loops, on text that a remote API supplied) would be too much.
var action = regexp.MustCompile("(?:\\s*\\{\\{-|\\{\\{)\\s*(?:(ID|URL)\\s+(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)|(UP))\\s*(?:-\\}\\}\\s*|\\}\\})")

// ParseCmdline reads a command line. `{{ ID "path or URL" }}` and, as its
// other name, `{{ URL "…" }}` stand for the URL at which Spur serves that
// file to the machine; `{{ UP }}` stands for the URL that the booted system
// may fetch to say that it is up. As in Go's templates, {{- and -}} swallow the
// blanks on their side.
func ParseCmdline(s string) (Cmdline, error) {
	var c Cmdline
	rest := s
	for rest != "" {
		at := action.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		c.Text(rest[:at[0]])
		if at[6] >= 0 {
			c.Beacon()
		} else if err := c.quoted(rest[at[4]:at[5]]); err != nil {
			return Cmdline{}, err
		}
		rest = rest[at[1]:]
	}
	if i := strings.Index(rest, "{{"); i >= 0 {
		return Cmdline{}, fmt.Errorf("the command line has %q, which is none of {{ ID \"file\" }}, {{ URL \"file\" }}, {{ UP }}", clip(rest[i:]))
	}
	c.Text(rest)
	return c, nil
}

func (c *Cmdline) quoted(literal string) error {
	source, err := strconv.Unquote(literal)
	if err != nil || source == "" {
		return fmt.Errorf("the command line names a file as %s, which is no quoted name", literal)
	}
	c.File(source)
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Text appends literal text.
func (c *Cmdline) Text(s string) {
	if s != "" {
		c.parts = append(c.parts, part{text: s})
	}
}

// File appends the URL of the file at source, a path or URL.
func (c *Cmdline) File(source string) { c.parts = append(c.parts, part{file: source}) }

// Beacon appends the URL that tells Spur that the system is up.
func (c *Cmdline) Beacon() { c.parts = append(c.parts, part{beacon: true}) }

// Files lists the files that the command line refers to.
func (c Cmdline) Files() []File {
	var files []File
	for _, p := range c.parts {
		if p.file != "" {
			files = append(files, File{Source: p.file})
		}
	}
	return files
}

// MapFiles returns the command line with every file's source replaced by what
// f makes of it.
func (c Cmdline) MapFiles(f func(source string) (string, error)) (Cmdline, error) {
	mapped := Cmdline{parts: make([]part, len(c.parts))}
	for i, p := range c.parts {
		if p.file != "" {
			source, err := f(p.file)
			if err != nil {
				return Cmdline{}, err
			}
			p.file = source
		}
		mapped.parts[i] = p
	}
	return mapped, nil
}

// Expand writes the command line for one machine: file gives the URL of a
// file, beacon is the URL of the beacon. Line breaks become blanks: they
// would end the line of a boot script.
func (c Cmdline) Expand(file func(File) string, beacon string) string {
	var b strings.Builder
	for _, p := range c.parts {
		switch {
		case p.beacon:
			b.WriteString(beacon)
		case p.file != "":
			b.WriteString(file(File{Source: p.file}))
		default:
			b.WriteString(p.text)
		}
	}
	return strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\n' || r == '\r' || r == 0 }), " ")
}
