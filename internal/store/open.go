package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/spurboot/spur/internal/advice"
)

const fileName = "spur.db"

// Open opens the store in the folder dir, and creates what is not there: the
// folder with mode 0700, the file with 0600. One process at a time can have it
// open; another one gets an error after a second.
func Open(dir string) (Store, error) {
	if dir == "" {
		return nil, advice.New("the store needs a folder", "name one with --data")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, openError(dir, err)
	}
	path := filepath.Join(dir, fileName)
	fresh := empty(path)
	b, c, err := openBolt(path, false)
	if full(err) && fresh {
		_ = os.Remove(path) // a part of a file without records
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return nil, openError(dir, err)
	}
	return newMemory(c, b), nil
}

// OpenCopy returns a store in memory that begins with what is in the folder dir,
// where nothing is written. Like Open it fails while another process has that.
func OpenCopy(dir string) (Store, error) {
	path := filepath.Join(dir, fileName)
	if empty(path) {
		return Memory(), nil
	}
	b, c, err := openBolt(path, true)
	if err == nil {
		err = b.close()
	}
	if err != nil {
		return nil, openError(dir, err)
	}
	return newMemory(c, nil), nil
}

// empty tells whether a file is yet to be made.
func empty(path string) bool {
	info, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// syncFolder makes what was created in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openError says what to do about a store that cannot be opened. What is no error
// of the operating system is bbolt's or ours about what is in the file.
func openError(dir string, err error) error {
	switch errno := syscall.Errno(0); {
	case errors.Is(err, bolterrors.ErrTimeout):
		return advice.New("another spur uses "+dir, "stop it, or give this one a folder of its own with --data")
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return advice.Wrap(fmt.Errorf("%s is no folder: %w", dir, err), "name a folder with --data")
	case full(err):
		return advice.Wrap(fmt.Errorf("there is no space left for %s: %w", dir, err), "make room on its disk, or name a folder on another one with --data")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrNotExist):
		return advice.Wrap(fmt.Errorf("the folder %s cannot be written: %w", dir, err), "run as its owner, or name another one with --data")
	case errors.As(err, &errno):
		return advice.Wrap(fmt.Errorf("cannot open the store in %s: %w", dir, err), "name another folder with --data")
	}
	return advice.Wrap(fmt.Errorf("the store in %s is damaged or was not written by spur: %w", dir, err), "move its file "+fileName+" away, and spur starts without the leases in it")
}

// full tells whether an error is for want of space.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
