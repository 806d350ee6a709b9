package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spurboot/spur/internal/advice"
)

// Open opens the store in the folder dir, and creates what is not there: the
// folder with mode 0700, the files with 0600. One process at a time can have it
// open; another one gets an error after a second.
func Open(dir string) (Store, error) {
	if dir == "" {
		return nil, advice.New("the store needs a folder", "name one with --data")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, openError(dir, err)
	}
	j := &journal{}
	err := j.open(dir, os.O_RDWR|os.O_CREATE)
	if err == nil {
		err = errors.Join(syncFolder(dir), j.begin())
	}
	if err != nil {
		_ = j.closeFiles()
		return nil, openError(dir, err)
	}
	return newMemory(j.records, j.revision, j), nil
}

// OpenCopy returns a store in memory that begins with what is in the folder dir,
// where nothing is written. Like Open it fails while another process has that.
func OpenCopy(dir string) (Store, error) {
	j := &journal{}
	err := j.open(dir, os.O_RDONLY)
	_ = j.closeFiles()
	if err != nil {
		return nil, openError(dir, err)
	}
	return newMemory(j.records, j.revision, nil), nil
}

// open opens and reads the files, which to be read alone may be missing. The one
// with the later revision is in use.
func (j *journal) open(dir string, flag int) (err error) {
	var found [2]contents
	for i := range j.files {
		path := filepath.Join(dir, fmt.Sprint("spur.store.", i))
		j.files[i], err = openRegular(path, flag)
		if err == nil {
			err = lock(j.files[i])
		}
		var b []byte
		if err == nil {
			b, err = os.ReadFile(path)
		}
		if err != nil && (flag != os.O_RDONLY || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		if found[i], err = read(b); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	last := 0
	if found[0].end == 0 || found[1].revision > found[0].revision {
		last = 1
	}
	j.contents, j.files[0], j.files[1] = found[last], j.files[last], j.files[1-last]
	if j.end == 0 && found[0].mark+found[1].mark != "" {
		return fmt.Errorf("%w: no frame is whole", errDamaged)
	}
	return nil
}

// openRegular opens nothing but a regular file: reading a pipe would wait for its
// writer.
func openRegular(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w (not a regular file)", path, errDamaged)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lock waits until no other process has a file.
func lock(f *os.File) (err error) {
	for range 20 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// syncFolder makes what was created in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openError says what to do about a store that cannot be opened.
func openError(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return advice.New("another spur uses "+dir, "stop it, or give this one a folder of its own with --data")
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return advice.Wrap(fmt.Errorf("%s is no folder: %w", dir, err), "name a folder with --data")
	case full(err):
		return advice.Wrap(fmt.Errorf("there is no space left for %s: %w", dir, err), "make room on its disk, or name a folder on another one with --data")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrNotExist):
		return advice.Wrap(fmt.Errorf("the folder %s cannot be written: %w", dir, err), "run as its owner, or name another one with --data")
	case errors.Is(err, errDamaged):
		return advice.Wrap(fmt.Errorf("the store in %s is damaged or was not written by spur: %w", dir, err), "move its files spur.store.* away, and spur starts without the leases in them")
	}
	return advice.Wrap(fmt.Errorf("cannot open the store in %s: %w", dir, err), "name another folder with --data")
}
