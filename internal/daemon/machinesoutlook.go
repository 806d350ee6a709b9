package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/outlook"
)

// foretell says what machines will be given by each row, and warns of those that can't be
// booted.
func (w *machinesFile) foretell(ctx context.Context, o outlook.Outlook, m *machinetargets.Machines) {
	w.outlook = o
	w.warn(ctx, m)
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
	lines, err := about(w.outlook, r).Given(r.Outlook())
	if err != nil {
		return []string{"  " + err.Error()}
	}
	return lines
}

// about is the outlook of the machines that a row may be about.
func about(o outlook.Outlook, r machinetargets.Row) outlook.Outlook {
	o.Kinds = r.Kinds
	return o
}

// trouble is what may be wrong with rows by which machines boot alike, whose key it has: none
// where it names its target, or is about the command line's.
type trouble struct{ key, why string }

// rowTrouble is a trouble with the first row that has it.
type rowTrouble struct {
	trouble
	where string
}

// warn warns of what may be wrong with a reading of the file, but of what rows had at the last
// one, wherever they stood: of each trouble once, with the first row that has it.
func (w *machinesFile) warn(ctx context.Context, m *machinetargets.Machines) {
	now, told := map[trouble]bool{}, map[string]bool{}
	for _, found := range w.troubles(ctx, m) {
		now[found.trouble] = true
		if !w.warned[found.trouble] && !told[found.why] {
			told[found.why] = true
			w.daemon.notices.warn(strings.TrimPrefix(found.where+": "+found.why, ": "))
		}
	}
	w.warned = now
}

// troubles are those of a reading, each once for rows by which machines boot alike, or as many
// as were found when ctx ended. Rows may be thousands, on few files.
func (w *machinesFile) troubles(ctx context.Context, m *machinetargets.Machines) (all []rowTrouble) {
	differ := map[string]bool{}
	add := func(key, where, why string) {
		differ[why] = true
		all = append(all, rowTrouble{trouble{key, why}, where})
	}
	for _, why := range m.Warnings {
		add("", "", why)
	}
	asked, obstacles := map[string]bool{}, w.obstacles()
	for _, r := range m.Rows() {
		key := r.Key()
		switch {
		case len(differ) >= warningsMost || ctx.Err() != nil:
			return all
		case asked[key]:
			continue
		}
		asked[key] = true
		for _, why := range obstacles(r) {
			add(key, r.Where, why)
		}
	}
	return all
}

// warningsMost is from how many that differ on no row is asked about any more.
const warningsMost = 40

// obstacles finds what keeps machines that a row may be about from booting it, once for rows
// that they have the same ways to.
func (w *machinesFile) obstacles() func(machinetargets.Row) []string {
	o, known := w.outlook.LookingOnce(), map[string][]string{}
	return func(r machinetargets.Row) []string {
		key := fmt.Sprint(r.Kinds, r.WaysKey())
		found, ok := known[key]
		if !ok {
			found = obstaclesOf(about(o, r), r)
			known[key] = found
		}
		return found
	}
}

func obstaclesOf(o outlook.Outlook, r machinetargets.Row) []string {
	t := r.Outlook()
	if len(r.Kinds.Archs)+len(r.Kinds.Firmware) > 0 && len(t.Items) == 0 {
		if _, err := o.GivenOf(t); err != nil {
			return []string{err.Error()}
		}
	}
	return slices.Concat(o.WithoutWay(t), o.Refused(t))
}
