package loader

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/route"
)

// FromFile lies beside a loader that was imported, and says where it came from.
const FromFile = ".from"

// beside chooses the companions of a binary. Loader and companions must be of one build
// of Syslinux, of which companions tell nothing; those that come from the nearest place
// are taken.
func beside(b route.Binary, companions route.Binaries) []route.Binary {
	var all []route.Binary
	for _, need := range route.LoaderOf(b.Build).Wants(b) {
		best, nearest := route.Binary{}, -1
		for _, c := range companions {
			if near := inCommon(origin(b.Path), origin(c.Path)); c.Build == need.Build && near > nearest {
				best, nearest = c, near
			}
		}
		if nearest >= 0 {
			all = append(all, best)
		}
	}
	return all
}

// origin is the place that a file came from: its own, or that from which it was imported.
func origin(path string) string {
	from, err := os.ReadFile(filepath.Join(filepath.Dir(path), FromFile))
	if err != nil {
		return path
	}
	return strings.TrimSpace(string(from))
}

// inCommon is how many folders two places have in common.
func inCommon(x, y string) int {
	a, b := strings.Split(x, "/"), strings.Split(y, "/")
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
