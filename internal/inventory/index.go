package inventory

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// index finds rows by what machines are called exactly. Each row is in one place: under
// the values of one of its lists, if that has no globs, else among those that are tried in
// order. All lists of numbers are in order.
type index struct {
	mac, uuid, serial map[string][]int
	globs             []int // that are tried
	bySerial          []int // those with a serial number, wherever they are
}

func newIndex(rows []Row) index {
	x := index{mac: map[string][]int{}, uuid: map[string][]int{}, serial: map[string][]int{}}
	for n := range rows {
		r := &rows[n]
		switch {
		case exact(r.MAC):
			add(x.mac, r.MAC, n)
		case exact(r.UUID):
			add(x.uuid, r.UUID, n)
		case exact(r.Serial):
			add(x.serial, r.Serial, n)
		default:
			x.globs = append(x.globs, n)
		}
		if len(r.Serial) > 0 {
			x.bySerial = append(x.bySerial, n)
		}
	}
	return x
}

// exact tells whether there are patterns and no globs among them.
func exact(all []Pattern) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(p Pattern) bool { return p.glob })
}

func add(to map[string][]int, all []Pattern, n int) {
	for _, p := range all {
		if known := to[p.Text]; len(known) == 0 || known[len(known)-1] != n {
			to[p.Text] = append(known, n)
		}
	}
}

// first is the number of the first row that fits; that of rows for none.
func (x index) first(rows []Row, c boot.Client) int {
	best := len(rows)
	try := func(numbers []int) {
		for _, n := range numbers {
			if n >= best {
				return
			}
			if rows[n].fits(c, true) {
				best = n
				return
			}
		}
	}
	try(x.mac[c.MAC.String()])
	try(x.uuid[c.UUID.String()])
	try(x.uuid[swapped(c.UUID).String()])
	try(x.serial[canonicalSerial(c.Serial)])
	try(x.globs)
	return best
}

// asks tells whether a row before one may fit a machine, by a serial number that it
// hasn't told.
func (x index) asks(rows []Row, c boot.Client, before int) bool {
	for _, n := range x.bySerial {
		if n >= before {
			return false
		}
		if rows[n].fits(c, false) {
			return true
		}
	}
	return false
}
