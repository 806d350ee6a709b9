// Package wholefile writes files that are there whole or not at all, also after a
// crash, and reads small ones.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes a file that isn't there yet. Its error wraps fs.ErrExist where it is,
// and what is there stays: a link fails where a rename would replace.
func Create(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, os.Link)
}

// Replace makes a file, in the place of one that is there already.
func Replace(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, os.Rename)
}

// write puts the content beside the path, under a name that begins with a dot.
func write(path string, content []byte, mode fs.FileMode, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err == nil {
		err = put(f.Name(), path)
	}
	if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) { // a rename has taken it
		err = errors.Join(err, gone)
	}
	return err
}

// SyncFolder makes what was created in or removed from a folder durable.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
