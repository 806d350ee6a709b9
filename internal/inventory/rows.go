package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/spurboot/spur/internal/advice"
)

// reader reads one file.
type reader struct {
	source
	profiles map[string]profile
}

// file reads a document.
func (r *reader) file(f *ast.File) ([]Row, error) {
	empty := advice.New("the file names no machines", "list them below machines:; "+docs)
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return nil, r.error(Place{}, empty)
	}
	fields, err := r.fields(f.Docs[0].Body, "machines: with a list below it")
	if err != nil {
		return nil, err
	}
	var machines, profiles ast.Node
	for _, f := range fields {
		switch f.name {
		case "profiles":
			profiles = f.value
		case "machines":
			machines = f.value
		default:
			return nil, r.unknownAtTop(f)
		}
	}
	if machines == nil {
		return nil, r.error(Place{}, empty)
	}
	if profiles != nil {
		if err := r.readProfiles(profiles); err != nil {
			return nil, err
		}
	}
	rows, err := r.rows(machines)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.profiles)) {
		if p := r.profiles[name]; !p.used {
			return nil, r.fail(p.at, fmt.Sprintf("no machine has the profile %s", name), "name it in a row as profile: "+name+", or leave it out")
		}
	}
	return rows, nil
}

func (r *reader) rows(n ast.Node) ([]Row, error) {
	nodes, err := r.list(n, "a list of machines")
	if err != nil {
		return nil, err
	}
	switch {
	case len(nodes) == 0:
		return nil, r.fail(place(n), "the list has no machines", "add some; "+docs)
	case len(nodes) > RowsMost:
		return nil, r.fail(place(nodes[RowsMost]), fmt.Sprintf("there are more than %d rows", RowsMost), "join rows by globs and lists")
	}
	rows := make([]Row, len(nodes))
	for i, node := range nodes {
		if rows[i], err = r.row(node); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// row reads a row: first what its profile says, then what it says itself.
func (r *reader) row(n ast.Node) (Row, error) {
	fields, err := r.fields(n, "a row with mac:, uuid: or serial:, and boot:,")
	if err != nil {
		return Row{}, err
	}
	row := Row{At: place(n)}
	if len(fields) > 0 {
		row.At = fields[0].at
	}
	own, profiled := Target{}, field{}
	for _, f := range fields {
		known, err := r.ofMachine(&row, f)
		if err == nil && !known {
			known, err = r.ofTarget(&own, f)
		}
		switch {
		case err != nil:
			return Row{}, err
		case f.name == "profile":
			profiled = f
		case !known:
			return Row{}, r.unknown(f, "a machine", slices.Concat(machineKeys(), []string{"profile"}, targetKeys()))
		}
	}
	if len(row.MAC)+len(row.UUID)+len(row.Serial)+len(row.Arch)+len(row.Firmware) == 0 {
		return Row{}, r.fail(row.At, "the row doesn't say which machines it is about", `add mac:, uuid: or serial:; all machines are mac: "*"`)
	}
	row.Target, err = r.target(row.At, own, profiled)
	return row, err
}

// unknownAtTop says so of a key at the beginning of a line: it may be a row's.
func (r *reader) unknownAtTop(f field) error {
	if slices.Contains(slices.Concat(machineKeys(), []string{"profile"}, targetKeys()), f.name) {
		return r.fail(f.at, f.name+": is a key of a row, and belongs to none here", indentation)
	}
	return r.unknown(f, "a file of machines", []string{"machines", "profiles"})
}

// unknown says that a key is none.
func (r *reader) unknown(f field, of string, known []string) error {
	return r.fail(f.at, fmt.Sprintf("%q is no key of %s", f.name, of), "the keys are "+strings.Join(known, ", "))
}
