package machinetargets

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/tree"
)

// File is a file of machines that the command line names.
type File struct {
	Path string
	// Otherwise is what machines boot that no row is about, without a menu; nil: nothing.
	Otherwise *target.Target
	Families  string // see target.Target
	target.Surroundings
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
	target.Inspected
	Item uint16
	Once bool
	// Scripts are what an iPXE script names relative to itself; nil for what is none.
	Scripts *tree.ScriptFiles
	Where   string           // FILE:LINE of the row that names it first; empty for the command line
	row     inventory.Target // what that row says
}

// Read reads the file and looks into its targets, each once. within are the folders that
// local files may lie in; nil for any.
func (f File) Read(ctx context.Context, up target.Upstream, items *ItemNumbers, within []string) (*Machines, error) {
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
	look := assigning{File: f, up: up, within: within, dir: filepath.Dir(path), known: map[string]target.Inspected{}}
	for n := range inv.Rows {
		row := &inv.Rows[n]
		if err := m.assign(ctx, &look, items, row); err != nil {
			m.Close()
			return nil, wrong(inv, row.Target, err)
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
func (f File) text() ([]byte, error) {
	file, err := target.OpenRegular(f.Path)
	if err != nil {
		return nil, advice.Or(fmt.Errorf("the file of machines can't be read: %w", err), "check its name and its permissions")
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, inventory.FileMost+1))
	return text, advice.Wrap(err, "check its disk")
}

// assign gives a row its target.
func (m *Machines) assign(ctx context.Context, look *assigning, items *ItemNumbers, row *inventory.Row) error {
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
	if len(m.order) == targetsMost-1 { // one is the command line's
		return advice.New(fmt.Sprintf("the file names more than %d targets that differ", targetsMost-1), "have more machines share one")
	}
	l, err := look.inspect(ctx, t)
	if err != nil {
		return err
	}
	scripts, err := look.scripts(ctx, &l)
	if err != nil {
		return err
	}
	m.add(&Assigned{l, item, row.Once, scripts, m.inventory.Line(row.At), row.Target})
	return nil
}

func (m *Machines) add(a *Assigned) {
	a.SetItem(a.Item)
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
func (m *Machines) addOtherwise(ctx context.Context, look *assigning, items *ItemNumbers) error {
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

// Found is what a client boots by the file.
type Found struct {
	*Assigned        // nil for nothing
	Asks      uint16 // see boot.Inquiry; valid with Asked
	Asked     bool   // it has to tell its serial number first
	Row       string // FILE:LINE of the row that is about it; empty for none
	row       *inventory.Row
}

// Find finds what the file says of a client.
func (m *Machines) Find(c boot.Client) Found {
	found := m.inventory.Find(c)
	var f Found
	item := m.otherwise
	if found.Row != nil {
		f.Row, f.row = m.inventory.Line(found.Row.At), found.Row
		item = m.rows[found.Number]
	}
	f.Assigned = m.items[item]
	f.Asked, f.Asks = found.Asks, item
	return f
}

// ByMAC is where the row is that may be about a client by its MAC, which isn't known; empty
// where the MAC decides nothing.
func (m *Machines) ByMAC(c boot.Client) string {
	row := m.inventory.ByMAC(c)
	if row == nil {
		return ""
	}
	return m.inventory.Line(row.At)
}

// Item is what has an item.
func (m *Machines) Item(n uint16) (*Assigned, bool) {
	a, ok := m.items[n]
	return a, ok
}

// Local are the files of this host that machines may have. Close them.
func (m *Machines) Local() (tree.Local, func(), error) { return target.Local(m.inspected()) }

// Error says of a target what is wrong with it, where it is named.
func (m *Machines) Error(a *Assigned, err error) error {
	if a.Where == "" {
		return err
	}
	return wrong(m.inventory, a.row, err)
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

// Exports are the protocols over which systems mount their images.
func (m *Machines) Exports() []boot.Protocol {
	var all []boot.Protocol
	for _, l := range m.inspected() {
		all = append(all, l.Exports()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
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

func (m *Machines) inspected() []target.Inspected {
	var all []target.Inspected
	for _, a := range m.order {
		all = append(all, a.Inspected)
	}
	return all
}
