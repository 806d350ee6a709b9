package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// reachable refuses values that decide nothing, since a row before takes all that they
// are about: a machine that is named twice, and what comes behind a glob of it.
func (s source) reachable(i *Inventory) error {
	for n := range i.Rows {
		row := &i.Rows[n]
		for kind, values := range row.kinds() {
			for _, v := range values {
				before := i.takes(n, kind, v)
				if before < 0 {
					continue
				}
				first := i.Rows[before].At
				taker, _ := coverer(i.Rows[before].kinds()[kind], v)
				if taker.Text == v.Text && !v.glob {
					return s.fail(v.At, fmt.Sprintf("%s is named twice: line %d names it already", v.Text, taker.line(first)), "leave one out: the first row that fits counts")
				}
				return s.fail(v.At, fmt.Sprintf("this can never match: line %d takes all of it", taker.line(first)), "move this row before that one, or leave it out")
			}
		}
		if before := i.takesAll(n); before >= 0 {
			return s.fail(row.At, fmt.Sprintf("this can never match: line %d takes all of it", i.Rows[before].At.Line), "move this row before that one, or leave it out")
		}
	}
	return nil
}

// line is that of a pattern, or of a row where the row has none of its kind.
func (p Pattern) line(row Place) int {
	if p.At.Line > 0 {
		return p.At.Line
	}
	return row.Line
}

// macKind is the place of MACs among kinds.
const macKind = 0

// any tells whether a pattern stands for whatever there is.
func (p Pattern) any() bool { return strings.Trim(p.Text, "*") == "" }

// kinds are the lists of patterns of a row.
func (r *Row) kinds() [3][]Pattern { return [3][]Pattern{r.MAC, r.UUID, r.Serial} }

// takes is the first row before row n that takes all machines of its value v of a kind;
// -1 for none.
func (i *Inventory) takes(n, kind int, v Pattern) int {
	for _, before := range i.before(n, kind, v) {
		if i.Rows[before].takes(&i.Rows[n], kind, v) {
			return before
		}
	}
	return -1
}

// takesAll is the first row before row n, which has no values of any kind, that takes all
// of its machines.
func (i *Inventory) takesAll(n int) int {
	row := &i.Rows[n]
	if len(row.MAC)+len(row.UUID)+len(row.Serial) > 0 {
		return -1
	}
	return i.takes(n, -1, Pattern{})
}

// before are the rows before row n that may take a value of a kind.
func (i *Inventory) before(n, kind int, v Pattern) []int {
	all := i.index.globs
	if kind >= 0 && !v.glob {
		all = slices.Clone(all)
		for _, x := range []map[string][]int{i.index.mac, i.index.uuid, i.index.serial} {
			all = append(all, x[v.Text]...)
		}
		slices.Sort(all)
	}
	end, _ := slices.BinarySearch(all, n)
	return all[:end]
}

// takes tells whether a row takes all machines of another row's value v of a kind.
func (r *Row) takes(other *Row, kind int, v Pattern) bool {
	theirs := other.kinds()
	for k, mine := range r.kinds() {
		switch {
		case len(mine) == 0, k == macKind && slices.ContainsFunc(mine, Pattern.any): // every machine has a MAC
		case k == kind:
			if _, ok := coverer(mine, v); !ok {
				return false
			}
		case len(theirs[k]) == 0, slices.ContainsFunc(theirs[k], func(p Pattern) bool { _, ok := coverer(mine, p); return !ok }):
			return false
		}
	}
	return amongAll(r.Arch, other.Arch) && amongAll(r.Firmware, other.Firmware)
}

// coverer is the first of patterns that covers another one.
func coverer(all []Pattern, v Pattern) (Pattern, bool) {
	at := slices.IndexFunc(all, func(p Pattern) bool { return p.covers(v) })
	if at < 0 {
		return Pattern{}, false
	}
	return all[at], true
}

// amongAll tells whether all of theirs are among mine, of which none means any.
func amongAll[T boot.Arch | boot.Firmware](mine, theirs []T) bool {
	return len(mine) == 0 || len(theirs) > 0 && !slices.ContainsFunc(theirs, func(v T) bool { return !slices.Contains(mine, v) })
}
