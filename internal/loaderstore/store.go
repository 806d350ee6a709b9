package loaderstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spurboot/spur/internal/route"
)

// System is the folder of loaders for all Spurs of this host.
const System = "/var/lib/spur/loaders"

// Store is a folder of loaders.
type Store struct {
	Dir string
}

// KeptMost bounds the number of loaders in one store.
const KeptMost = 1000

// fromFile says where a loader came from.
const fromFile = ".from"

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
	from, err := os.ReadFile(filepath.Join(dir, fromFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(from))
}

// Keep keeps a loader. New is false where it was kept already.
func (s Store) Keep(b route.Binary, content []byte, from string) (path string, added bool, err error) {
	dir := filepath.Join(s.Dir, hex.EncodeToString(b.Sum[:]))
	path = filepath.Join(dir, safeName(filepath.Base(b.Path)))
	if _, err := os.Stat(dir); err == nil {
		return path, false, nil
	}
	if n := len(s.Dirs()); n >= KeptMost {
		return "", false, fmt.Errorf("%s has %d loaders already; more aren't kept", s.Dir, n)
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return "", false, err
	}
	return path, true, write(dir, filepath.Base(path), content, from)
}

// write makes a loader's folder, which is there as a whole or not at all.
func write(dir, name string, content []byte, from string) error {
	work, err := os.MkdirTemp(filepath.Dir(dir), ".new")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // nothing is there any more if all went well
	err = errors.Join(
		os.Chmod(work, 0o755),
		os.WriteFile(filepath.Join(work, name), content, 0o644),
		os.WriteFile(filepath.Join(work, fromFile), []byte(from+"\n"), 0o644),
	)
	if err != nil {
		return err
	}
	err = os.Rename(work, dir)
	if errors.Is(err, fs.ErrExist) {
		return nil // another one has kept the same meanwhile
	}
	return err
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
