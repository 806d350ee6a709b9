package daemon

import (
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/outlook"
)

// foretell says what machines will be given by each row, and warns of those that can't be
// booted.
func (w *machinesFile) foretell(o outlook.Outlook, m *machinetargets.Machines) {
	w.outlook = o
	w.warn(m)
	if !w.daemon.config.DryRun {
		return
	}
	for _, line := range m.RowLines(rowLinesMost, w.given) {
		w.daemon.given = append(w.daemon.given, "  "+line)
	}
}

// rowLinesMost is how many rows are listed.
const rowLinesMost = 100

// given says what the kinds of machines that a row may be about are given; of a row about none
// that can boot, what is in the way.
func (w *machinesFile) given(r machinetargets.Row) []string {
	lines, err := w.about(r).Given(r.Outlook())
	if err != nil {
		return []string{"  " + err.Error()}
	}
	return lines
}

// about is the outlook of the machines that a row may be about.
func (w *machinesFile) about(r machinetargets.Row) outlook.Outlook {
	o := w.outlook
	o.Kinds = r.Kinds
	return o
}

// warn warns of what may be wrong with a reading of the file, but of what it has warned of at
// the last one.
func (w *machinesFile) warn(m *machinetargets.Machines) {
	var all []string
	for _, found := range w.warnings(m) {
		all = append(all, found.why)
		if !slices.Contains(w.warned, found.why) {
			w.daemon.notices.warn(strings.TrimPrefix(found.where+": "+found.why, ": "))
		}
	}
	w.warned = all
}

// rowWarning is a warning with the row that it is about first; empty for one that names its
// target, or of the command line's.
type rowWarning struct{ where, why string }

// warnings are those of a reading, each once.
func (w *machinesFile) warnings(m *machinetargets.Machines) (all []rowWarning) {
	add := func(where, why string) {
		if !slices.ContainsFunc(all, func(other rowWarning) bool { return other.why == why }) {
			all = append(all, rowWarning{where, why})
		}
	}
	for _, why := range m.Warnings {
		add("", why)
	}
	asked := map[string]bool{}
	for _, r := range m.Rows() {
		switch {
		case len(all) >= warningsMost:
			return all
		case asked[r.Key()]:
			continue
		}
		asked[r.Key()] = true
		for _, why := range w.obstacles(r) {
			add(r.Where, why)
		}
	}
	return all
}

// warningsMost is from how many on no row is asked about any more.
const warningsMost = 40

// obstacles are what keeps machines that a row may be about from booting it.
func (w *machinesFile) obstacles(r machinetargets.Row) []string {
	o, t := w.about(r), r.Outlook()
	if len(r.Kinds.Archs)+len(r.Kinds.Firmware) > 0 && len(t.Items) == 0 {
		if _, err := o.GivenOf(t); err != nil {
			return []string{err.Error()}
		}
	}
	return slices.Concat(o.WithoutWay(t), o.Refused(t))
}
