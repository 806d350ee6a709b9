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
	"slices"
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
// own: folders with the same prefix that nobody holds any more are removed, if
// they belong to this process' user or one of the owners, user IDs to which
// such folders are given.
func New(prefix string, owners ...int) (*Folder, error) {
	sweep(prefix, append(owners, os.Geteuid()))
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

// Close removes the folder with all that is in it. It goes by the open folder
// and not by its name, under which whoever owns the folder may have put a link;
// and it doesn't read the folder above, which may be closed to a process that
// has given up its privileges.
func (f *Folder) Close() error {
	return errors.Join(empty(f.lock), os.Remove(f.path), f.lock.Close())
}

// empty removes what is in an open folder. No link is followed.
func empty(dir *os.File) error {
	entries, err := dir.ReadDir(-1)
	for _, e := range entries {
		err = errors.Join(err, remove(dir, e))
	}
	return err
}

func remove(dir *os.File, e fs.DirEntry) error {
	at := int(dir.Fd())
	if !e.IsDir() {
		return unix.Unlinkat(at, e.Name(), 0)
	}
	fd, err := unix.Openat(at, e.Name(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	inner := os.NewFile(uintptr(fd), e.Name())
	return errors.Join(empty(inner), inner.Close(), unix.Unlinkat(at, e.Name(), unix.AT_REMOVEDIR))
}

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
func sweep(prefix string, owners []int) {
	entries, _ := os.ReadDir(os.TempDir())
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) || !belongs(e, owners) {
			continue
		}
		if f, err := hold(filepath.Join(os.TempDir(), e.Name())); err == nil {
			_ = f.Close()
		}
	}
}

// belongs tells whether an entry is one of the owners'.
func belongs(e fs.DirEntry, owners []int) bool {
	info, err := e.Info()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && slices.Contains(owners, int(stat.Uid))
}
