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

// Row is a row of a file of machines, or what stands for others.
type Row struct {
	*Assigned        // nil where the text counts rows that aren't listed
	Text      string // which machines it is about, and what these boot
	row       *inventory.Row
}

// IsFor tells whether machines of a client's kind may be those that the row is about.
func (r Row) IsFor(c boot.Client) bool { return r.row == nil || r.row.IsFor(c) }

// Rows are the first most rows, in the order of the file, and what all others boot.
func (m *Machines) Rows(most int) []Row {
	var all []Row
	rows := m.inventory.Rows
	for n := range rows[:min(len(rows), most)] {
		a := m.items[m.rows[n]]
		text := m.inventory.Line(rows[n].At) + " " + knownBy(&rows[n]) + ": " + a.Summary()
		if a.Once {
			text += ", once"
		}
		all = append(all, Row{a, text, &rows[n]})
	}
	if n := len(rows) - most; n > 0 {
		all = append(all, Row{Text: "and " + size.Count(n, "more row")})
	}
	if a, ok := m.items[m.otherwise]; ok {
		all = append(all, Row{Assigned: a, Text: "all others: " + a.Summary()})
	}
	return all
}

// RowLines are the texts of Rows.
func (m *Machines) RowLines(most int) []string {
	var lines []string
	for _, r := range m.Rows(most) {
		lines = append(lines, r.Text)
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
