package target

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/tree"
)

// MachinesFile is a file of machines that the command line names.
type MachinesFile struct {
	Path string
	// Otherwise is what machines boot that no row is about; nil: nothing.
	Otherwise *Target
	Families  string // see Target
	Surroundings
	// Host and Open are what scripts load by: the loaders of this host, and URLs.
	Host route.Host
	Open func(ctx context.Context, url string) (fs.File, error)
}

// Machines are what a file of machines said at one time, with its targets looked into.
type Machines struct {
	inventory *inventory.Inventory
	path      string
	rows      []uint16             // the item of each row's target
	otherwise uint16               // that of machines that no row is about; 0 for nothing
	items     map[uint16]*Assigned // what is booted, by its item
	order     []*Assigned          // in the order of the file, each once
	Warnings  []string
}

// Assigned is a target of a file of machines.
type Assigned struct {
	Inspected
	Item uint16
	Once bool
	// Scripts are what an iPXE script names relative to itself; nil for what is none.
	Scripts *tree.ScriptFiles
	Where   string          // FILE:LINE of the row that names it first; empty for the command line
	at      inventory.Place // in the file, of what boots
	known   string          // which machines that row is about
}

// Items gives targets the numbers by which they are asked for, the same for as long as it
// lasts. They are those of no boot server and of no NetBoot image.
type Items struct {
	byKey map[string]uint16
	used  map[uint16]bool
}

// NewItems returns Items that have given no number.
func NewItems() *Items { return &Items{map[string]uint16{}, map[uint16]bool{}} }

// of is the number of a key: a hash of it, or the next one that is free, so that another
// Spur that reads the same file gives the same.
func (i *Items) of(key string) (uint16, error) {
	if n, ok := i.byKey[key]; ok {
		return n, nil
	}
	if len(i.used) == endOfFiles-firstNamed {
		return 0, advice.New("the file has named more targets since Spur started than it can tell apart", "restart Spur")
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, key) // a hash takes all
	n := firstNamed + uint16(h.Sum32()%(endOfFiles-firstNamed))
	for i.used[n] {
		if n++; n == endOfFiles {
			n = firstNamed
		}
	}
	i.used[n], i.byKey[key] = true, n
	return n, nil
}

// IsItem tells whether a number is one that Items give.
func IsItem(n uint16) bool { return n >= firstNamed && n < endOfFiles }

// Read reads the file and looks into its targets, each once. within are the folders that
// local files may lie in; nil for any.
func (f MachinesFile) Read(ctx context.Context, up Upstream, items *Items, within []string) (*Machines, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(f.Path)
	if err != nil {
		return nil, err
	}
	inv, err := inventory.Parse(f.Path, text)
	if err != nil {
		return nil, err
	}
	m := &Machines{inventory: inv, path: f.Path, items: map[uint16]*Assigned{}}
	look := assigning{MachinesFile: f, up: up, within: within, dir: filepath.Dir(path), known: map[string]Inspected{}}
	for n := range inv.Rows {
		row := &inv.Rows[n]
		if err := m.assign(ctx, &look, items, row); err != nil {
			m.Close()
			return nil, inv.Error(row.Target.BootAt, err)
		}
	}
	if err := m.addOtherwise(ctx, &look, items); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close releases the folders of scripts.
func (m *Machines) Close() {
	for _, a := range m.order {
		if a.Scripts != nil {
			_ = a.Scripts.Close() // it was only read
		}
	}
}

// text reads the file, if it isn't too large.
func (f MachinesFile) text() ([]byte, error) {
	file, err := openRegular(f.Path)
	if err != nil {
		return nil, advice.Or(fmt.Errorf("the file of machines can't be read: %w", err), "check its name and its permissions")
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, inventory.FileMost+1))
	return text, advice.Wrap(err, "check its disk")
}

// assign gives a row its target.
func (m *Machines) assign(ctx context.Context, look *assigning, items *Items, row *inventory.Row) error {
	t, err := look.target(row.Target)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%v %s", row.Once, keyOf(t))
	item, err := items.of(key)
	if err != nil {
		return err
	}
	m.rows = append(m.rows, item)
	if _, ok := m.items[item]; ok {
		return nil
	}
	l, err := look.inspect(ctx, t)
	if err != nil {
		return err
	}
	scripts, err := look.scripts(ctx, &l)
	if err != nil {
		return err
	}
	m.add(&Assigned{l, item, row.Once, scripts, m.inventory.Line(row.At), row.Target.BootAt, knownBy(row)})
	return nil
}

func (m *Machines) add(a *Assigned) {
	a.Payload.Item = a.Item
	for n := range a.others {
		a.others[n].Payload.Item = a.Item
	}
	m.items[a.Item] = a
	m.order = append(m.order, a)
	for _, w := range a.Warnings {
		if len(m.Warnings) < warningsMost && !slices.Contains(m.Warnings, w) {
			m.Warnings = append(m.Warnings, w)
		}
	}
}

// warningsMost bounds what is said of a file's targets.
const warningsMost = 20

// addOtherwise looks into the target of the command line.
func (m *Machines) addOtherwise(ctx context.Context, look *assigning, items *Items) error {
	if look.Otherwise == nil {
		return nil
	}
	l, err := look.Otherwise.Inspect(ctx, look.up)
	if err != nil {
		return err
	}
	scripts, err := look.scripts(ctx, &l)
	if err != nil {
		return err
	}
	if m.otherwise, err = items.of("otherwise"); err != nil {
		return err
	}
	m.add(&Assigned{Inspected: l, Item: m.otherwise, Scripts: scripts})
	return nil
}

// assigning looks into the targets of one file.
type assigning struct {
	MachinesFile
	up     Upstream
	within []string
	dir    string               // that relative paths are relative to
	known  map[string]Inspected // by key
}

// keyOf says all that a target says.
func keyOf(t Target) string {
	return fmt.Sprintf("%q", []any{t.Kernel, t.As, t.Initrds, t.Cmdline, t.Modules, t.DTB, t.Message, t.RootPath, t.Entry})
}

// target is a row's target with absolute paths.
func (a *assigning) target(row inventory.Target) (Target, error) {
	t := Target{
		Kernel: row.Boot, As: row.As, Entry: row.Entry, Message: row.Message, RootPath: row.RootPath,
		Cmdline: row.Cmdline, Families: a.Families,
	}
	if !t.isLocal() {
		t.Kernel = a.absolute(t.Kernel)
	}
	for _, name := range row.Initrds {
		t.Initrds = append(t.Initrds, a.absolute(name))
	}
	for _, m := range row.Modules {
		name, text, told := strings.Cut(m, " ")
		if name = a.absolute(name); told {
			name += " " + text
		}
		t.Modules = append(t.Modules, name)
	}
	if row.DTB != "" {
		t.DTB = a.absolute(row.DTB)
	}
	if err := t.Check(a.Surroundings); err != nil {
		return t, err
	}
	cmdline, err := boot.ParseCmdline(t.Cmdline)
	if err != nil {
		return t, err
	}
	if len(cmdline.Files()) > 0 {
		t.Cmdline = cmdline.Expand(func(f boot.File) string { return fmt.Sprintf("{{ ID %q }}", a.absolute(f.Source)) }, "{{ UP }}")
	}
	return t, a.reachable(t)
}

// absolute is a path as it is relative to the file, or a URL.
func (a *assigning) absolute(name string) string {
	if (boot.File{Source: name}).IsURL() || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.dir, name)
}

// reachable refuses files that lie where Spur can't read any more.
func (a *assigning) reachable(t Target) error {
	if a.within == nil || t.isLocal() {
		return nil
	}
	cmdline, _ := boot.ParseCmdline(t.Cmdline)
	names := append([]string{t.Kernel, t.DTB}, t.Initrds...)
	for _, f := range cmdline.Files() {
		names = append(names, f.Source)
	}
	for _, m := range t.Modules {
		name, _, _ := strings.Cut(m, " ")
		names = append(names, name)
	}
	for _, name := range names {
		if name != "" && !(boot.File{Source: name}).IsURL() && !below(a.within, name) {
			return advice.New(name+" lies outside of the folders that Spur can read since it has started", "put it into one of those that hold this file and its targets, or restart Spur")
		}
	}
	return nil
}

// below tells whether a file lies in one of some folders, or below; links count where they
// lead to.
func below(folders []string, name string) bool {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		dir, _ := filepath.EvalSymlinks(filepath.Dir(name))
		real = filepath.Join(dir, filepath.Base(name))
	}
	return slices.ContainsFunc(folders, func(dir string) bool {
		rel, err := filepath.Rel(dir, real)
		return err == nil && filepath.IsLocal(rel)
	})
}

// inspect finds out what a target is. Kernels that differ in what is said with them alone
// are looked into once.
func (a *assigning) inspect(ctx context.Context, t Target) (Inspected, error) {
	plain := t
	plain.Cmdline, plain.Message, plain.RootPath = "", "", ""
	l, ok := a.known[keyOf(plain)]
	if !ok {
		var err error
		if l, err = plain.inspectAlone(ctx, a.up); err != nil {
			return Inspected{}, err
		}
		a.known[keyOf(plain)] = l
	}
	linux, is := l.Payload.Content.(boot.Linux)
	if !is || linux.Kernel.Inside != "" {
		if keyOf(plain) == keyOf(t) {
			return l, nil
		}
		return t.inspectAlone(ctx, a.up)
	}
	var err error
	linux.Cmdline, err = t.cmdline(ctx, a.up)
	l.Payload = boot.Payload{Content: linux, Message: t.Message, RootPath: t.RootPath}
	return l, err
}

// scripts are the files beside a script, which is to find all of them. Close them.
func (a *assigning) scripts(ctx context.Context, l *Inspected) (*tree.ScriptFiles, error) {
	files, err := l.ScriptFiles(a.Open)
	if err != nil || files == nil {
		return nil, err
	}
	if err := l.FindLoaded(ctx, files, a.Host); err != nil {
		return nil, errors.Join(err, files.Close())
	}
	return files, nil
}

// Found is what a client boots by the file.
type Found struct {
	*Assigned        // nil for nothing
	Asks      uint16 // see boot.Inquiry; valid with Asked
	Asked     bool   // it has to tell its serial number first
	Row       string // FILE:LINE of the row that is about it; empty for none
}

// Find finds what the file says of a client.
func (m *Machines) Find(c boot.Client) Found {
	found := m.inventory.Find(c)
	var f Found
	item := m.otherwise
	if found.Row != nil {
		f.Row = m.inventory.Line(found.Row.At)
		item = m.rows[found.Number]
	}
	f.Assigned = m.items[item]
	f.Asked, f.Asks = found.Asks, item
	return f
}

// Item is what has an item.
func (m *Machines) Item(n uint16) (*Assigned, bool) {
	a, ok := m.items[n]
	return a, ok
}

// Local are the files of this host that machines may have. Close them.
func (m *Machines) Local() (tree.Local, func(), error) { return localOf(m.inspected(), nil) }

// Error says of a target what is wrong with it, where it is named.
func (m *Machines) Error(a *Assigned, err error) error {
	if a.Where == "" {
		return err
	}
	return m.inventory.Error(a.at, err)
}

// Files are those of all targets.
func (m *Machines) Files() []boot.File {
	var files []boot.File
	seen := map[boot.File]bool{}
	for _, l := range m.inspected() {
		for _, f := range l.Files() {
			if !seen[f] {
				seen[f] = true
				files = append(files, f)
			}
		}
	}
	return files
}

// Folders are those in which files may be named by what is read only later: that of the
// file, and those that targets are.
func (m *Machines) Folders() []string {
	path, err := filepath.Abs(m.path)
	if err != nil {
		return nil
	}
	all := []string{filepath.Dir(path)}
	for _, l := range m.inspected() {
		all = append(all, l.Folders()...)
	}
	return all
}

func (m *Machines) inspected() []Inspected {
	var all []Inspected
	for _, a := range m.order {
		all = append(all, a.Inspected)
	}
	return all
}

// Targets are all that is booted, in the order of the file, the command line's last.
func (m *Machines) Targets() []*Assigned { return m.order }

// Summary says what machines are booted into.
func (m *Machines) Summary() string {
	targets, others := len(m.order), "leaves others alone"
	if a, ok := m.items[m.otherwise]; ok {
		targets, others = targets-1, "others into "+a.Summary()
	}
	return fmt.Sprintf("what %s names for each (%s, %s), and %s", m.path, counted(len(m.rows), "row"), counted(targets, "target"), others)
}

// Line says of a target which machines are booted into it.
func (a *Assigned) Line() string {
	if a.Where == "" {
		return "all others: " + a.Summary()
	}
	text := a.Where + " " + a.known + ": " + a.Summary()
	if a.Once {
		text += ", once"
	}
	return text
}

// knownBy says which machines a row is about.
func knownBy(r *inventory.Row) string {
	var all []string
	for _, kind := range []struct {
		name string
		all  []inventory.Pattern
	}{{"mac", r.MAC}, {"uuid", r.UUID}, {"serial", r.Serial}} {
		if len(kind.all) == 0 {
			continue
		}
		text := kind.name + " " + kind.all[0].Text
		if n := len(kind.all); n > 1 {
			text += fmt.Sprintf(" and %d more", n-1)
		}
		all = append(all, text)
	}
	for _, a := range r.Arch {
		all = append(all, string(a))
	}
	for _, f := range r.Firmware {
		all = append(all, string(f))
	}
	return strings.Join(all, ", ")
}

// About says which row is about a client, and what it is asked first.
func (m *Machines) About(c boot.Client) []string {
	found := m.Find(c)
	var lines []string
	if found.Asked {
		lines = append(lines, "First     it is asked for its serial number, by iPXE: a row before could be about it. What follows is for one that has none to tell.")
	}
	switch {
	case found.Row != "":
		row := m.inventory.Rows[m.inventory.Find(c).Number]
		lines = append(lines, fmt.Sprintf("Row       %s, about %s", found.Row, knownBy(&row)))
	case found.Assigned != nil:
		lines = append(lines, "Row       none: it boots what the command line names")
	}
	if found.Assigned != nil && found.Once {
		lines = append(lines, "Once      it is left alone after it has booted this once")
	}
	return lines
}
