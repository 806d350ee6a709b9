// Package scratch makes temporary folders that don't outlive their process for
// long: who ends well removes its own, and what a process left that was killed
// is removed by the next one.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Folder is a temporary folder of one process.
type Folder struct {
	path string
	lock *os.File // the folder itself, locked as long as its process lives
}

// New makes a folder whose name begins with prefix, which must be this use's
// own: folders with the same prefix that nobody holds any more are removed.
func New(prefix string) (*Folder, error) {
	sweep(prefix)
	var err error
	for range tries {
		var f *Folder
		if f, err = makeOne(prefix); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("make a temporary folder: %w", err)
}

// tries bounds how often a folder is made that another process sweeps away
// between its making and its lock.
const tries = 100

func makeOne(prefix string) (*Folder, error) {
	path, err := os.MkdirTemp("", prefix+"*")
	if err != nil {
		return nil, err
	}
	return hold(path)
}

// Path is where the folder is.
func (f *Folder) Path() string { return f.path }

// Close removes the folder with all that is in it.
func (f *Folder) Close() error { return errors.Join(os.RemoveAll(f.path), f.lock.Close()) }

// hold locks a folder; the lock ends with the process.
func hold(path string) (*Folder, error) {
	lock, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	f := &Folder{path: path, lock: lock}
	if err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = f.check()
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return f, nil
}

// check tells whether the folder that is held still has its name.
func (f *Folder) check() error {
	held, err := f.lock.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(f.path)
	if err == nil && !os.SameFile(held, named) {
		err = fs.ErrNotExist
	}
	return err
}

// sweep removes the folders of processes that are gone. What can't be removed
// stays: it is in nobody's way.
func sweep(prefix string) {
	entries, _ := os.ReadDir(os.TempDir())
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) || !ours(e) {
			continue
		}
		if f, err := hold(filepath.Join(os.TempDir(), e.Name())); err == nil {
			_ = f.Close()
		}
	}
}

// ours tells whether an entry belongs to the user that this process runs as.
func ours(e fs.DirEntry) bool {
	info, err := e.Info()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
