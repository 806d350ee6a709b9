package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/wholefile"
)

// What a folder of records holds at most: the newest.
const (
	MaxFiles  = 100
	MaxFolder = 8 << 20
)

// Suffix ends the names of records.
const Suffix = ".jsonl"

// Folder keeps records as files.
type Folder struct {
	dir string
	mu  sync.Mutex
}

// OpenFolder opens a folder, and creates it where it is not there.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of records: %w", err)
	}
	return &Folder{dir: dir}, nil
}

// Name is the name of a boot's file: when it began, in UTC, and the machine.
func Name(mac boot.MAC, began time.Time) string {
	return began.UTC().Format("20060102-150405") + "-" + strings.ReplaceAll(mac.String(), ":", "-") + Suffix
}

// Write keeps a record under a name, in the place of an earlier one of the same
// boot, and drops the oldest ones that there is no room for.
func (f *Folder) Write(name string, r Record) error {
	b, err := Encode(r)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.makeRoom(name, int64(len(b))); err != nil {
		return err
	}
	return wholefile.Replace(filepath.Join(f.dir, name), b, 0o600)
}

// Remove drops a record; one that isn't there is no error.
func (f *Folder) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.Remove(filepath.Join(f.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeRoom drops the oldest records until one more fits. Other files are left
// alone.
func (f *Folder) makeRoom(name string, size int64) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	total := size
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !isName(e.Name()) || e.Name() == name {
			continue
		}
		files = append(files, info)
		total += info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	for len(files) > 0 && (len(files) >= MaxFiles || total > MaxFolder) {
		if err := os.Remove(filepath.Join(f.dir, files[0].Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= files[0].Size()
		files = files[1:]
	}
	return nil
}

// ParseName reads what Name has written: whose boot a file is of, and when it began.
func ParseName(name string) (mac boot.MAC, began time.Time, ok bool) {
	began, who, ok := cutName(name)
	if !ok {
		return boot.MAC{}, time.Time{}, false
	}
	mac, err := boot.ParseMAC(who)
	return mac, began, err == nil
}

// isName tells whether a file is called as Name does.
func isName(name string) bool {
	_, _, ok := cutName(name)
	return ok
}

// cutName cuts the name of a record into when its boot began and the rest.
func cutName(name string) (began time.Time, rest string, ok bool) {
	const layout = "20060102-150405"
	base, ok := strings.CutSuffix(name, Suffix)
	if !ok || len(base) < len(layout)+1 {
		return time.Time{}, "", false
	}
	began, err := time.Parse(layout, base[:len(layout)])
	return began, base[len(layout)+1:], err == nil
}
