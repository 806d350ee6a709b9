package machines

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/wholefile"
)

// Dir is where it is kept what the boots of each machine have taught.
func Dir(data string) string { return filepath.Join(data, "machines") }

const (
	// machinesMost bounds how many machines are kept. Of more, those that booted
	// longest ago go, some at a time.
	machinesMost = 10_000
	// machineMost bounds what is read of one.
	machineMost = 16 << 10
)

// Kept keep what the boots of machines have taught. Each has a file of
// its own in a folder, so that another process may read and change it while this
// one works, which the store lets nobody do. A nil Kept has none.
type Kept struct {
	dir  string
	most int

	mu    sync.Mutex
	count int // of the files, as far as we know; others take some away
}

// Open opens the folder, and creates it where it is not there.
func Open(dir string) (*Kept, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of machines: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder of machines: %w", err)
	}
	return &Kept{dir: dir, most: machinesMost, count: len(entries)}, nil
}

func (k *Kept) path(mac boot.MAC) string { return filepath.Join(k.dir, mac.String()) }

// Read returns what is kept of a machine; the zero value where nothing is.
func (k *Kept) Read(mac boot.MAC) (timeline.Learned, error) {
	f, err := os.OpenFile(k.path(mac), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return timeline.Learned{}, nil
	}
	if err != nil {
		return timeline.Learned{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, machineMost))
	if err != nil {
		return timeline.Learned{}, err
	}
	l, err := parseLearned(b)
	if err != nil {
		return timeline.Learned{}, fmt.Errorf("%s: %w", k.path(mac), err)
	}
	return l, nil
}

// parseLearned reads a machine's file.
func parseLearned(b []byte) (timeline.Learned, error) {
	var l timeline.Learned
	if err := json.Unmarshal(b, &l); err != nil {
		return timeline.Learned{}, fmt.Errorf("not what Spur keeps of a machine: %w", err)
	}
	return l, nil
}

// Write keeps what a machine has taught: the whole of it, or what was kept
// before. Anybody who may enter the folder may read it, since `spur machine` and
// Spur need not be the same user.
func (k *Kept) Write(mac boot.MAC, l timeline.Learned) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(k.dir, ".new-")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		k.grow(mac)
		err = os.Rename(f.Name(), k.path(mac))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return wholefile.SyncFolder(k.dir)
}

// grow counts a machine that was not kept yet, and makes room where there are
// too many.
func (k *Kept) grow(mac boot.MAC) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := os.Lstat(k.path(mac)); err == nil {
		return
	}
	if k.count++; k.count <= k.most {
		return
	}
	oldest := k.files()
	slices.SortFunc(oldest, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	spare := min(max(0, len(oldest)-k.most+k.most/100), len(oldest)-1) // the last is the new one
	for _, f := range oldest[:spare] {
		_ = os.Remove(filepath.Join(k.dir, f.Name())) // what stays goes the next time
	}
	k.count = len(oldest) - spare
}

// files are the files in the folder, those that were left by a crash included.
func (k *Kept) files() []fs.FileInfo {
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		return nil
	}
	var all []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			all = append(all, info)
		}
	}
	return all
}

// Remove forgets a machine, and tells whether it was known.
func (k *Kept) Remove(mac boot.MAC) (bool, error) {
	if k == nil {
		return false, nil
	}
	err := os.Remove(k.path(mac))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, errors.Join(err, wholefile.SyncFolder(k.dir))
}

// All lists the machines, in the order of their addresses.
func (k *Kept) All() ([]boot.MAC, error) {
	if k == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		return nil, err
	}
	var all []boot.MAC
	for _, e := range entries {
		if mac, err := boot.ParseMAC(e.Name()); err == nil {
			all = append(all, mac)
		}
	}
	return all, nil
}
