package host

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/loaderstore"
	"github.com/spurboot/spur/internal/route"
)

// Loader is a loader of this host, for people and for JSON.
type Loader struct {
	Description
	// Use is what it is handed out as. Of those with the same use the first is handed
	// out, the others where it fails; Why says why it is the first.
	Use   string `json:"use"`
	First bool   `json:"first"`
	Why   string `json:"why,omitempty"`
	// Chain says of a shim and of what one starts whether a chain takes it, and why not.
	Chain  string `json:"chain,omitempty"`
	From   string `json:"from,omitempty"` // where it was imported from
	SHA256 string `json:"sha256"`
}

// ListLoaders lists the loaders of this host, those of the same use side by side.
func ListLoaders(data string, own []string) ([]Loader, error) {
	found, err := FindLoaders(data, own)
	if err != nil {
		return nil, err
	}
	stores, err := loaderStores(data)
	if err != nil {
		return nil, err
	}
	chains := map[string]chainUse{} // by place
	for _, b := range found {
		if !isBuild(b) {
			chains[b.Place()] = useInChains(b, found)
		}
	}
	slices.SortStableFunc(found, func(x, y route.Binary) int {
		return cmp.Or(
			cmp.Compare(x.Identity.Kind, y.Identity.Kind), cmp.Compare(use(x), use(y)),
			compareUse(chains[x.Place()], chains[y.Place()]),
		)
	})
	var list []Loader
	for i, b := range found {
		l := Loader{
			Description: describeBinary(b), Use: use(b), SHA256: hex.EncodeToString(b.Sum[:]),
			Chain: chains[b.Place()].text,
			From:  importedFrom(stores, b),
		}
		if i == 0 || use(found[i-1]) != l.Use {
			l.First, l.Why = true, whyFirst(found[i:])
		}
		list = append(list, l)
	}
	return list, nil
}

// importedFrom says where a loader came from that is in one of the stores.
func importedFrom(stores []loaderstore.Store, b route.Binary) string {
	for _, s := range stores {
		if from := s.From(b); from != "" {
			return from
		}
	}
	return ""
}

// use is what a loader is handed out as: a file of the table of loaders, or part of a
// chain that a shim begins.
func use(b route.Binary) string {
	platform := route.Identity{Firmware: b.Firmware, Arch: b.Arch, Hybrid: b.Identity.Hybrid}.Platform()
	if isBuild(b) {
		return b.File + " for " + platform
	}
	return fmt.Sprintf("%s for %s", b.Identity.Kind, platform)
}

func isBuild(b route.Binary) bool {
	return b.Identity.Kind.Beside() || route.LoaderOf(b.Build).Name != ""
}

// whyFirst says why the first of several loaders goes before those of the same use.
func whyFirst(all []route.Binary) string {
	switch {
	case !isBuild(all[0]) && (outOfChains(all[0]) || all[0].Identity.Kind == route.KindGRUB && !all[0].Identity.Signed()):
		return "without a shim"
	case !isBuild(all[0]):
		return "for Secure Boot, in chains"
	case len(all) < 2 || use(all[1]) != use(all[0]):
		return "the only one"
	}
	x, y := all[0], all[1]
	switch {
	case x.Own != y.Own:
		return "it is in a folder of --loaders"
	case x.Identity.Version != y.Identity.Version:
		return "the newest"
	case x.Identity.Signed() != y.Identity.Signed():
		return "it is signed"
	}
	return "found before " + y.Place()
}
