package machinetargets

import (
	"fmt"
	"iter"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/inventory"
	"github.com/spurboot/spur/internal/outlook"
)

// Row is a row of the file, or what the command line says of all others.
type Row struct {
	*Assigned
	Kinds outlook.Kinds // of machines that it may be about
	Where string        // FILE:LINE; empty for the command line
	text  string
	row   *inventory.Row // nil for the command line
}

// IsFor tells whether machines of a client's kind may be those that the row is about.
func (r Row) IsFor(c boot.Client) bool { return r.row == nil || r.row.IsFor(c) }

// Key is the same for rows by which machines boot alike.
func (r Row) Key() string { return fmt.Sprint(r.Item, r.Kinds) }

// Rows are those of the file in its order; then what all others boot.
func (m *Machines) Rows() iter.Seq2[int, Row] {
	return func(yield func(int, Row) bool) {
		for n := range m.inventory.Rows {
			if !yield(n, m.row(n)) {
				return
			}
		}
		if a, ok := m.items[m.otherwise]; ok {
			yield(len(m.rows), Row{Assigned: a, text: "all others: " + a.Summary()})
		}
	}
}

func (m *Machines) row(n int) Row {
	r, a := &m.inventory.Rows[n], m.items[m.rows[n]]
	where := m.inventory.Line(r.At)
	text := where + " " + knownBy(r) + ": " + a.Summary()
	if a.Once {
		text += ", once"
	}
	return Row{a, outlook.Kinds{Archs: r.Arch, Firmware: r.Firmware}, where, text, r}
}
