package machines

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/wholefile"
)

// Marks keep which machines have booted, for resolver.Once. Each has an
// empty file of its own in a folder, so that another process may list them and
// take them away while this one works, which the store lets nobody do.
type Marks struct {
	dir string

	mu      sync.Mutex
	count   int
	counted time.Time
}

// countAge is how long a count of the folder is good: others take marks away.
const countAge = 10 * time.Second

// OpenMarks opens the marks in a folder, and creates it where it is not there.
func OpenMarks(dir string) (*Marks, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of marks: %w", err)
	}
	return &Marks{dir: dir}, nil
}

func (m *Marks) path(mac boot.MAC) string { return filepath.Join(m.dir, mac.String()) }

// Has tells whether a machine is marked.
func (m *Marks) Has(mac boot.MAC) (bool, error) {
	_, err := os.Lstat(m.path(mac))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Add marks a machine, durably.
func (m *Marks) Add(mac boot.MAC) error {
	f, err := os.OpenFile(m.path(mac), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.count++
	m.mu.Unlock()
	return errors.Join(f.Sync(), f.Close(), wholefile.SyncFolder(m.dir))
}

// Remove takes a mark away, durably, and tells whether there was one.
func (m *Marks) Remove(mac boot.MAC) (bool, error) {
	err := os.Remove(m.path(mac))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, wholefile.SyncFolder(m.dir)
}

// All lists the machines that are marked, in the order of their addresses.
func (m *Marks) All() ([]Booted, error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, err
	}
	var all []Booted
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken away meanwhile
		}
		if err != nil {
			return nil, err
		}
		if mac, err := boot.ParseMAC(e.Name()); err == nil {
			all = append(all, Booted{mac, info.ModTime()})
		}
	}
	return all, nil
}

// Count is about how many marks there are: those that others took away count
// for up to countAge.
func (m *Marks) Count() (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.counted) > countAge {
		entries, err := os.ReadDir(m.dir)
		if err != nil {
			return 0, err
		}
		m.count, m.counted = len(entries), time.Now()
	}
	return m.count, nil
}
