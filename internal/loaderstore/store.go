package loaderstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/wholefile"
)

// System is the folder of loaders for all Spurs of this host.
const System = "/var/lib/spur/loaders"

// Store is a folder of loaders.
type Store struct {
	Dir string
}

// KeptMost bounds the number of loaders in one store.
const KeptMost = 1000

// Dirs are the folders of the loaders that are kept; none where the store isn't
// there.
func (s Store) Dirs() []string {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		if isSum(e.Name()) {
			all = append(all, filepath.Join(s.Dir, e.Name()))
		}
	}
	return all
}

// isSum tells a loader's folder from one that is being written.
func isSum(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == len(route.Binary{}.Sum)
}

// From says where a loader of this store came from; empty for one that lies
// elsewhere.
func (s Store) From(b route.Binary) string {
	dir := filepath.Dir(b.Path)
	if filepath.Dir(dir) != filepath.Clean(s.Dir) {
		return ""
	}
	from, err := os.ReadFile(filepath.Join(dir, loader.FromFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(from))
}

// Keep keeps a loader, and tells whether it had to be written: one that is damaged in
// the store is written anew.
func (s Store) Keep(b route.Binary, content []byte, from string) (path string, added bool, err error) {
	dir := filepath.Join(s.Dir, hex.EncodeToString(b.Sum[:]))
	if path, ok := whole(dir, content); ok {
		return path, false, nil
	}
	path = filepath.Join(dir, safeName(filepath.Base(b.Path)))
	if n := len(s.Dirs()); n >= KeptMost && !isThere(dir) {
		return "", false, fmt.Errorf("%s has %d loaders already; more aren't kept", s.Dir, n)
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return "", false, err
	}
	return path, true, write(dir, filepath.Base(path), content, from)
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// whole finds the one file of a loader's folder if it has that content.
func whole(dir string, content []byte) (string, bool) {
	entries, _ := os.ReadDir(dir)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == loader.FromFile })
	if len(entries) != 1 || !entries[0].Type().IsRegular() {
		return "", false
	}
	path := filepath.Join(dir, entries[0].Name())
	info, err := os.Lstat(path)
	if err != nil || info.Size() != int64(len(content)) {
		return "", false
	}
	kept, err := os.ReadFile(path)
	return path, err == nil && bytes.Equal(kept, content)
}

// write makes a loader's folder, which is there as a whole or not at all, in place of a
// damaged one.
func write(dir, name string, content []byte, from string) error {
	work, err := os.MkdirTemp(filepath.Dir(dir), ".new")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // nothing is there any more if all went well
	err = errors.Join(
		os.Chmod(work, 0o755),
		writeFile(filepath.Join(work, name), content),
		writeFile(filepath.Join(work, loader.FromFile), []byte(from+"\n")),
		wholefile.SyncFolder(work),
	)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	err = os.Rename(work, dir)
	if errors.Is(err, fs.ErrExist) {
		return nil // another one has kept the same meanwhile
	}
	return errors.Join(err, wholefile.SyncFolder(filepath.Dir(dir)))
}

// writeFile makes a file, durably.
func writeFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// safeName is a name for a file that has no other meaning.
func safeName(name string) string {
	name = regexp.MustCompile(`[^-+.~_0-9A-Za-z]`).ReplaceAllString(name, "_")
	name = strings.TrimLeft(name[:min(len(name), 100)], ".")
	if name == "" {
		return "loader"
	}
	return name
}
