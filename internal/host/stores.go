package host

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/loaderstore"
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
