package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	// lockWait is how long Open waits for another process to let go, and
	// lockRetry how often it looks.
	lockWait  = time.Second
	lockRetry = 50 * time.Millisecond
)

// errDamaged is what openError knows a damaged file by.
var errDamaged = errors.New("inconsistent database")

// damaged says what is wrong with the file.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

// openFile opens the database once it has been checked. bbolt trusts the file
// that it maps: over a damaged page it panics, at any later time, or follows a
// cycle of pages until the memory is used up.
func openFile(path string) (*bolt.DB, error) {
	return bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockWait, FreelistType: bolt.FreelistMapType, OpenFile: openChecked,
	})
}

// openChecked opens the file and checks it. It takes the lock that bbolt takes
// again on the same file, since what another process is writing looks damaged.
func openChecked(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	if err = lock(f); err == nil {
		err = check(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func lock(f *os.File) error {
	for until := time.Now().Add(lockWait); ; time.Sleep(lockRetry) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if time.Now().After(until) {
			return bolterrors.ErrTimeout
		}
	}
}

// check reads the database in f; bbolt makes one of an empty file.
func check(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	m, err := readMeta(f, info.Size())
	if err != nil {
		return err
	}
	return checkPages(f, m)
}
