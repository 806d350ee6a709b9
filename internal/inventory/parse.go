package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/spurboot/spur/internal/advice"
)

// Bounds of a file.
const (
	// FileMost is how large it may be, in bytes.
	FileMost = 2 << 20
	// RowsMost is how many machines it may have, and profilesMost how many profiles.
	RowsMost     = 10000
	profilesMost = 1000
	// globsMost is how many rows may be known by globs alone: these are tried one by one.
	globsMost = 1000
	// valuesMost is how many values a list may have.
	valuesMost = 1000
	// triedMost is how many values rows that are known by globs alone may have together, and
	// namesMost how many those of all rows are: each of these is compared with each of those.
	triedMost = 2000
	namesMost = 50000
	// nestingMost is how deep lists and maps may lie in each other; the form needs four.
	nestingMost = 16
)

// byteOrderMark begins text files that some editors of Windows write. Nothing of it is to be
// seen.
const byteOrderMark = "\ufeff"

// docs is where the form is described.
const docs = "docs/machines.md describes the form"

// Parse reads a file of machines. The error names the place, shows its line, and comes
// with advice.
func Parse(name string, text []byte) (*Inventory, error) {
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	r := reader{source: source{name, string(text)}, profiles: map[string]profile{}}
	if err := r.bounded(); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, r.malformed(err)
	}
	if err := r.plain(file); err != nil {
		return nil, err
	}
	rows, err := r.file(file)
	if err != nil {
		return nil, err
	}
	i := &Inventory{Rows: rows, text: r.source, index: newIndex(rows)}
	if err := r.comparable(i); err != nil {
		return nil, err
	}
	return i, r.reachable(i)
}

// comparable refuses more rows and values than can be compared with one another in a moment.
func (s source) comparable(i *Inventory) error {
	if n := len(i.index.globs); n > globsMost {
		return s.fail(i.Rows[i.index.globs[globsMost]].At, fmt.Sprintf("more than %d rows are known by globs alone", globsMost), "name machines exactly, or join globs in one row as a list")
	}
	tried := 0
	for _, n := range i.index.globs {
		if tried += i.Rows[n].values(); tried > triedMost {
			return s.fail(i.Rows[n].At, fmt.Sprintf("rows that are known by globs alone have more than %d values", triedMost), "name machines exactly, or by fewer globs")
		}
	}
	named := 0
	for n := range i.Rows {
		if named += i.Rows[n].values(); named > namesMost {
			return s.fail(i.Rows[n].At, fmt.Sprintf("the rows name more than %d MACs, UUIDs and serial numbers", namesMost), "name machines by globs")
		}
	}
	return nil
}

// values counts what a row is known by.
func (r *Row) values() int { return len(r.MAC) + len(r.UUID) + len(r.Serial) }

// bounded refuses text that would take the parser long.
func (s source) bounded() error {
	switch {
	case len(s.text) > FileMost:
		return advice.New(fmt.Sprintf("%s has more than %d MiB", s.name, FileMost>>20), "name a file of machines; "+docs)
	case !utf8.ValidString(s.text):
		return s.fail(s.firstBad(), "the file isn't UTF-8", "name a text file of machines; "+docs)
	}
	var b bounds
	at := Place{Line: 1}
	for _, c := range s.text {
		at.Column++
		if c != '\n' && c != '\t' && c != '\r' && (unicode.IsControl(c) || c == '\ufeff') {
			return s.fail(at, fmt.Sprintf("the file has the character %U", c), "leave it out")
		}
		if why := b.next(c); why != "" {
			return s.fail(at, why, docs)
		}
		if c == '\n' {
			at = Place{Line: at.Line + 1}
		}
	}
	return nil
}

// firstBad is the place of the first byte that isn't UTF-8.
func (s source) firstBad() Place {
	at := Place{1, 1}
	for i, c := range s.text {
		if c == utf8.RuneError && !strings.HasPrefix(s.text[i:], string(utf8.RuneError)) {
			break
		}
		at.Column++
		if c == '\n' {
			at = Place{at.Line + 1, 1}
		}
	}
	return at
}

// malformed says what of the file is no YAML.
func (s source) malformed(err error) error {
	at, what := Place{}, err.Error()
	if wrong := (*yaml.SyntaxError)(nil); errors.As(err, &wrong) && wrong.Token != nil {
		at, what = Place{wrong.Token.Position.Line, wrong.Token.Position.Column}, wrong.Message
	}
	remedy := "correct the line; " + docs
	key, _, twice := strings.Cut(strings.TrimPrefix(what, "mapping key "), " already defined at")
	if twice {
		return s.fail(at, key+" is there twice", "leave one out")
	}
	if where, plain, todo := s.plainly(at, what); plain != "" {
		return s.fail(where, plain, todo)
	}
	what, _, _ = strings.Cut(what, "\n")
	return s.fail(at, what, remedy)
}

// plain refuses what of YAML makes much of little, or something else of what is written.
func (r *reader) plain(f *ast.File) error {
	if len(f.Docs) > 1 {
		return r.fail(placeOf(f.Docs[1].Start, f.Docs[1].Body), "the file has several documents", "leave out the line of dashes")
	}
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		v := &marks{}
		ast.Walk(v, d.Body)
		if v.found != nil {
			return r.fail(place(v.found), "anchors, aliases and tags of YAML are not taken", `put a word that begins with *, & or ! in quotes, and what several machines boot into a profile`)
		}
	}
	return nil
}

// marks finds the first anchor, alias, merge or tag.
type marks struct{ found ast.Node }

// Visit implements ast.Visitor.
func (m *marks) Visit(n ast.Node) ast.Visitor {
	if m.found != nil {
		return nil
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode, *ast.DirectiveNode:
		m.found = n
		return nil
	}
	return m
}
