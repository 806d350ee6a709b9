package machinetargets

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/size"
)

// Targets are all that is booted, in the order of the file, the command line's last.
func (m *Machines) Targets() []*Assigned { return m.order }

// Summary says what machines are booted into.
func (m *Machines) Summary() string {
	targets, others := len(m.order), "leaves others alone"
	if a, ok := m.items[m.otherwise]; ok {
		targets, others = targets-1, "others into "+a.Summary()
	}
	return fmt.Sprintf("what %s names for each (%s, %s), and %s", m.path, size.Count(len(m.rows), "row"), size.Count(targets, "target"), others)
}

// RowLines say of each row which machines it is about, and what these boot, of the first
// most of them; then what all others boot. Behind each is what given says of it, or where that
// is said already.
func (m *Machines) RowLines(most int, given func(Row) []string) []string {
	var lines []string
	told := map[string]string{}
	for n, r := range m.Rows() {
		if n == most && r.Where != "" {
			lines = append(lines, "and "+size.Count(len(m.rows)-most, "more row"))
		}
		if n >= most && r.Where != "" {
			continue
		}
		lines = append(lines, r.text)
		if where, ok := told[r.Key()]; ok {
			lines = append(lines, "  as "+where)
			continue
		}
		told[r.Key()] = r.Where
		lines = append(lines, given(r)...)
	}
	return lines
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
		lines = append(lines, "First    it is asked for its serial number, by iPXE: a row before could be about it. What follows is for one that has none to tell.")
	}
	switch {
	case found.Row != "":
		lines = append(lines, fmt.Sprintf("Row      %s, about %s", found.Row, knownBy(found.row)))
	case found.Assigned != nil:
		lines = append(lines, "Row      none: it boots what the command line names")
	}
	if found.Assigned != nil && found.Once {
		lines = append(lines, "Once     it is left alone after it has booted this once")
	}
	return lines
}
