package family

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/initrdlayout"
	"github.com/spurboot/spur/internal/wholefile"
)

// Family is one row of the table; families.yaml says what each field means.
type Family struct {
	Name    string   `yaml:"name"`
	Title   string   `yaml:"title"`
	Match   Match    `yaml:"match"`
	Kernels []string `yaml:"kernels"`
	Initrds []string `yaml:"initrds"`
	WIM     string   `yaml:"wim"`
	Args    string   `yaml:"args"`
	Drop    []string `yaml:"drop"`
	Add     string   `yaml:"add"`
	Roots   []Root   `yaml:"roots"`
	Memory  Memory   `yaml:"memory"`
	Note    string   `yaml:"note"`
	Unfit   string   `yaml:"unfit"`
	Instead string   `yaml:"instead"`
}

// Match is what a family's media have: all of it.
type Match struct {
	Files   []string          `yaml:"files"`
	Without []string          `yaml:"without"`
	Text    map[string]string `yaml:"text"`
	Label   []string          `yaml:"label"`
}

// Over says from where a system takes its root.
type Over string

// What a root comes over. Spur serves the first four as they are.
const (
	OverHTTP   Over = "http"
	OverISO    Over = "iso"
	OverInitrd Over = "initrd"
	OverNone   Over = "none"
	OverNFS    Over = "nfs"
	OverNBD    Over = "nbd"
	OverISCSI  Over = "iscsi"
)

// Root is one way in which a system finds its root.
type Root struct {
	Over Over     `yaml:"over"`
	If   []string `yaml:"if"`
	One  []string `yaml:"one"`
	Args string   `yaml:"args"`
	Drop []string `yaml:"drop"`
	// Needs is what the system's own initrd needs for it, in words.
	Needs string `yaml:"needs"`
	// IPv4 says that the system mounts it over IPv4 alone.
	IPv4 bool `yaml:"ipv4"`
	// Inject is the path under which the whole image is in an initrd of its own.
	Inject string `yaml:"inject"`
	// Layout is that in which the files of the image are in an initrd of their own.
	Layout string `yaml:"layout"`
}

// overs are all that a root may come over.
func overs() []Over { return append(Choices(), OverNone) }

// Choices are those that people choose from: a system that needs no root finds none elsewhere.
func Choices() []Over {
	return []Over{OverHTTP, OverISO, OverInitrd, OverNFS, OverNBD, OverISCSI}
}

// Listed lists some for people.
func Listed(some []Over) string {
	var all []string
	for _, o := range some {
		all = append(all, string(o))
	}
	return strings.Join(all, ", ")
}

// Served tells whether it is one that needs no other server than Spur.
func (r Root) Served() bool {
	return slices.Contains([]Over{OverHTTP, OverISO, OverInitrd, OverNone}, r.Over) || r.Mounted()
}

// Protocol is the one by which Spur exports an image to a system that mounts it so; empty for
// none.
func (o Over) Protocol() boot.Protocol {
	switch o {
	case OverNBD:
		return boot.NBD
	case OverISCSI:
		return boot.ISCSI
	case OverNFS:
		return boot.NFS
	}
	return ""
}

// Mounted tells whether the system mounts the image over the network, from Spur.
func (r Root) Mounted() bool { return r.Over.Protocol() != "" && namesExport(r.Args) }

// checkWords tells what is wrong with the arguments of a root: only one that is mounted over
// the network has a server.
func (r Root) checkWords() error {
	if namesExport(r.Args) && r.Over.Protocol() == "" {
		return fmt.Errorf("with {{ EXPORT }}, though Spur serves nothing that is mounted over it: %s", r.Args)
	}
	return checkWords(r.Args)
}

// checkInitrd tells what is wrong with what a root has in an initrd.
func (r Root) checkInitrd() error {
	if (r.Over == OverInitrd) != (r.Inject != "" || r.Layout != "") || r.Inject != "" && (r.Layout != "" || !fs.ValidPath(r.Inject) || r.Inject == ".") {
		return fmt.Errorf("with inject: %q, layout: %q; one of them goes with initrd, and inject is a path without a slash at its beginning", r.Inject, r.Layout)
	}
	if _, ok := initrdlayout.Find(r.Layout); r.Layout != "" && !ok {
		return fmt.Errorf("with layout: %s, which is none of %s", r.Layout, strings.Join(initrdlayout.Names(), ", "))
	}
	return nil
}

// Memory is what a machine holds of a medium.
type Memory struct {
	Files []string `yaml:"files"`
	ISO   int      `yaml:"iso"`
	Plus  int64    `yaml:"plus"` // MiB
}

// Table are families, of which the first that fits counts.
type Table []Family

//go:embed families.yaml
var builtin []byte

// Builtin is the table that Spur brings.
func Builtin() Table {
	t, err := Parse(builtin)
	if err != nil {
		panic("families.yaml: " + err.Error()) // a test reads it
	}
	return t
}

// tableMost bounds a file of families, in bytes.
const tableMost = 1 << 20

// Open reads a user's file and puts it before the families that Spur brings; one of the
// same name takes the other's place. The error shows the line.
func Open(name string) (Table, error) {
	b, err := wholefile.Read(name, tableMost)
	if err != nil {
		return nil, advice.Wrap(fmt.Errorf("the families can't be read: %w", err), "name a file that may be read, as spur image families --help describes it")
	}
	own, err := Parse(b)
	if err != nil {
		return nil, advice.Wrap(fmt.Errorf("%s: %w", name, err), "correct the line; spur image families prints those that Spur brings, as examples")
	}
	return own.before(Builtin()), nil
}

// before puts a table before another one, of which it replaces what has the same name.
func (t Table) before(other Table) Table {
	all := slices.Clone(t)
	for _, f := range other {
		if !slices.ContainsFunc(t, func(own Family) bool { return own.Name == f.Name }) {
			all = append(all, f)
		}
	}
	return all
}

// Text is the file of families that Spur brings.
func Text() []byte { return bytes.Clone(builtin) }

// Parse reads a file of families. The error shows the line.
func Parse(b []byte) (Table, error) {
	var file struct {
		Families Table `yaml:"families"`
	}
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	for i, f := range file.Families {
		if err := f.check(); err != nil {
			return nil, at(b, i, err)
		}
	}
	return file.Families, nil
}

// at shows where in a file a family begins.
func at(b []byte, i int, err error) error {
	p, bad := yaml.PathString(fmt.Sprintf("$.families[%d].name", i))
	if bad != nil {
		return err
	}
	source, bad := p.AnnotateSource(b, false)
	if bad != nil {
		return fmt.Errorf("family %d: %w", i+1, err)
	}
	return fmt.Errorf("%w\n%s", err, source)
}

// wim is the pattern of its Windows image, if it has one.
func (f Family) wim() []string {
	if f.WIM == "" {
		return nil
	}
	return []string{f.WIM}
}

// check tells what a family lacks.
func (f Family) check() error {
	patterns := slices.Concat(f.wim(), f.Match.Files, f.Match.Without, f.Kernels, f.Initrds, f.Memory.Files)
	args := []string{f.Args, f.Add}
	for _, r := range f.Roots {
		if !slices.Contains(overs(), r.Over) {
			return fmt.Errorf("%q has a root over %q, which is none of %s", f.Name, r.Over, Listed(overs()))
		}
		if err := r.checkInitrd(); err != nil {
			return fmt.Errorf("%q has a root over %q %w", f.Name, r.Over, err)
		}
		if err := r.checkWords(); err != nil {
			return fmt.Errorf("%q has a root over %q %w", f.Name, r.Over, err)
		}
		patterns = slices.Concat(patterns, r.If, r.One)
	}
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.HasPrefix(pattern, "/") {
			return fmt.Errorf("%q has the pattern %q, which is none of a path without a slash at its beginning", f.Name, pattern)
		}
	}
	for _, text := range args {
		if err := checkWords(text); err != nil {
			return fmt.Errorf("%q has %w", f.Name, err)
		}
	}
	switch {
	case f.Name == "":
		return errors.New("a family has no name")
	case len(f.Match.Files)+len(f.Match.Label)+len(f.Match.Text) == 0:
		return fmt.Errorf("%q has nothing in match by which it is recognised", f.Name)
	case f.Unfit == "" && f.WIM == "" && !slices.ContainsFunc(f.Roots, Root.Served):
		return fmt.Errorf("%q has no root that Spur serves, no wim and no unfit", f.Name)
	}
	return nil
}
