package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/wholefile"
)

// Open opens the store in the folder dir, and creates what is not there: the
// folder with mode 0700, the files with 0600. One process at a time can have it
// open; another one gets an error after a second.
func Open(dir string) (Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, openError(dir, err)
	}
	j := &journal{}
	err := j.open(dir, os.O_RDWR|os.O_CREATE)
	if err == nil {
		err = errors.Join(wholefile.SyncFolder(dir), j.begin())
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
		var b []byte
		if j.files[i], err = os.OpenFile(path, flag|syscall.O_NONBLOCK, 0o600); err == nil {
			b, err = lockAndRead(j.files[i])
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

// lockAndRead reads a file once no other process has it: at offsets, which a pipe
// refuses at once.
func lockAndRead(f *os.File) ([]byte, error) {
	for range 20 {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return io.ReadAll(io.NewSectionReader(f, 0, math.MaxInt64))
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, syscall.EWOULDBLOCK
}

// openError says what is wrong with a store that cannot be opened. What to do is
// for the caller to say where the system refuses its folder.
func openError(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return advice.New("another spur uses "+dir, "stop it, or give this one a folder of its own with --data")
	case errors.Is(err, errDamaged):
		return advice.Wrap(fmt.Errorf("the store in %s is damaged or was not written by spur: %w", dir, err), "move its files spur.store.* away, and spur starts without the leases in them")
	}
	return fmt.Errorf("cannot open the store in %s: %w", dir, err)
}
