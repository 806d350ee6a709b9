package daemon

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/loaderstore"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/scratch"
)

// loaderStore keeps the loaders of a folder of --data, or those of this host. Its
// folder has no links.
func loaderStore(data string) (loaderstore.Store, error) {
	if data == "" {
		return loaderstore.Store{Dir: loaderstore.System}, nil
	}
	data, err := datafolder.Own(data)
	if err != nil {
		return loaderstore.Store{}, err
	}
	dir, err := datafolder.Own(filepath.Join(data, "loaders"))
	return loaderstore.Store{Dir: dir}, err
}

// loaderStores are the stores from which loaders are handed out, the first before the
// others.
func loaderStores(data string) ([]loaderstore.Store, error) {
	system := loaderstore.Store{Dir: loaderstore.System}
	if data == "" {
		return []loaderstore.Store{system}, nil
	}
	own, err := loaderStore(data)
	return []loaderstore.Store{own, system}, err
}

// loaderDirs are the folders where loaders are looked for that nobody named.
func loaderDirs(data string) ([]string, error) {
	stores, err := loaderStores(data)
	var dirs []string
	for _, s := range stores {
		dirs = append(dirs, s.Dirs()...)
	}
	return append(dirs, loader.Dirs()...), err
}

// downloadMost bounds what an import fetches, in bytes.
const downloadMost = 2 << 30

// ImportLoaders keeps the loaders that are in a file, a folder, an archive or at a
// URL, for the Spur with that folder of --data; without one, for all of this host.
func ImportLoaders(ctx context.Context, data, source string) (report loaderstore.Report, err error) {
	store, err := loaderStore(data)
	if err != nil {
		return report, err
	}
	dir, err := scratch.New("spur-import-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	cache, err := fetch.New(fetch.Options{Dir: filepath.Join(dir.Path(), "cache"), MaxBytes: downloadMost})
	if err != nil {
		return report, err
	}
	defer cache.Close()
	report, err = store.Import(ctx, source, func(ctx context.Context, url string) (loaderstore.File, error) {
		f, err := cache.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		if err := f.WaitSize(func(int64) {}); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	})
	if err == nil && len(report.Taken) == 0 {
		err = advice.New(source+" has no bootloader that Spur knows", "spur loader show says what a file is")
	}
	return report, advice.Or(err, adviseImport(err, source, store.Dir))
}

// adviseImport says what to do where nothing was imported.
func adviseImport(err error, source, dir string) string {
	var keep loaderstore.KeepError
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on the disk, or name a folder on another one with --data"
	case errors.As(err, &keep):
		return "run as the user to whom " + dir + " belongs, or name another folder with --data"
	case (boot.File{Source: source}).IsURL():
		return "check the address, or download the file and import that"
	case errors.Is(err, fs.ErrNotExist):
		return "check its name"
	case errors.Is(err, fs.ErrPermission):
		return "run as a user that may read it"
	}
	return "name a bootloader, or a folder or an archive that has some"
}

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
	found, err := Config{Data: data, Loaders: own}.findLoaders()
	if err != nil {
		return nil, err
	}
	stores, err := loaderStores(data)
	if err != nil {
		return nil, err
	}
	chains := map[string]chainUse{} // by path
	for _, b := range found {
		if !isBuild(b) {
			chains[b.Path] = useInChains(b, found)
		}
	}
	slices.SortStableFunc(found, func(x, y route.Binary) int {
		return cmp.Or(
			cmp.Compare(x.Identity.Kind, y.Identity.Kind), cmp.Compare(use(x), use(y)),
			compareUse(chains[x.Path], chains[y.Path]),
		)
	})
	var list []Loader
	for i, b := range found {
		l := Loader{
			Description: describe(b.Path, b.Identity), Use: use(b), SHA256: hex.EncodeToString(b.Sum[:]),
			Chain: chains[b.Path].text,
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
	platform := boot.Client{Firmware: b.Firmware, Arch: b.Arch}.Platform()
	if isBuild(b) {
		return b.File + " for " + platform
	}
	return fmt.Sprintf("%s for %s", b.Identity.Kind, platform)
}

func isBuild(b route.Binary) bool {
	return b.Identity.Kind == route.KindLdlinux || route.LoaderOf(b.Build).Name != ""
}

// whyFirst says why the first of several loaders goes before those of the same use.
func whyFirst(all []route.Binary) string {
	switch {
	case !isBuild(all[0]) && (all[0].Firmware == boot.BIOS || all[0].Identity.Kind == route.KindGRUB && !all[0].Identity.Signed()):
		return "by itself"
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
	return "found before " + y.Path
}
