package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spurboot/spur/internal/advice"
)

const (
	fileName = "spur.db"
	lockName = "spur.lock"

	// lockWait is how long Open waits for another process to let go, and
	// lockRetry how often it looks.
	lockWait  = time.Second
	lockRetry = 50 * time.Millisecond
)

// boltFile is where a store is written to.
type boltFile struct {
	path  string
	lock  *os.File
	db    *bolt.DB
	sum   uint32 // of all records
	fault error  // of the mapped file: db is of no use then
}

// Open opens the store in the folder dir, and creates what is not there: the
// folder with mode 0700, the files with 0600. One process at a time can have it
// open; another one gets an error after a second.
func Open(dir string) (Store, error) {
	if dir == "" {
		return nil, advice.New("the store needs a folder", "name one with --data")
	}
	m, err := open(dir)
	if err != nil {
		return nil, openError(dir, err)
	}
	return m, nil
}

// OpenCopy returns a store in memory that begins with what is in the folder dir,
// where nothing is written.
func OpenCopy(dir string) (Store, error) {
	f, err := lock(filepath.Join(dir, fileName), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return Memory(), nil
	}
	if err != nil {
		return nil, openError(dir, err)
	}
	defer f.Close()
	records, revision, err := readFile(f)
	if err != nil {
		return nil, openError(dir, err)
	}
	return newMemory(records, revision, nil), nil
}

// open reads the file, and writes another one in its place. So bbolt, which
// trusts the pages that it maps, only changes what it has written itself.
func open(dir string) (*memory, error) {
	b := &boltFile{path: filepath.Join(dir, fileName)}
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return nil, err
	}
	if b.lock, err = lock(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE); err != nil {
		return nil, err
	}
	m, err := b.open()
	if err != nil {
		return nil, errors.Join(err, b.lock.Close())
	}
	return m, nil
}

func (b *boltFile) open() (*memory, error) {
	old, err := lock(b.path, os.O_RDWR|os.O_CREATE) // which versions without the other lock have
	if err != nil {
		return nil, err
	}
	defer old.Close()
	records, revision, err := readFile(old)
	if err == nil {
		err = b.rewrite(old, records, revision)
	}
	if err != nil {
		return nil, err
	}
	return newMemory(records, revision, b), nil
}

// lock waits until no other process has the store. The lock is on a file of its
// own, since that of the records is replaced.
func lock(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(lockWait); ; time.Sleep(lockRetry) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(until) {
			f.Close()
			return nil, err
		}
	}
}

// openError says what to do about a store that cannot be opened.
func openError(dir string, err error) error {
	path := filepath.Join(dir, fileName)
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
		return advice.Wrap(fmt.Errorf("%s is damaged or was not written by spur: %w", path, err), "move it away, and spur starts without the leases in it")
	}
	return advice.Wrap(fmt.Errorf("cannot open %s: %w", path, err), "name another folder with --data")
}

// full tells whether an error is for want of space.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// rewrite puts a file with the records in the place of the one that is there.
func (b *boltFile) rewrite(old *os.File, records map[string]stored, revision int64) (err error) {
	fresh := b.path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	options := bolt.Options{FreelistType: bolt.FreelistMapType, NoSync: true, NoGrowSync: true}
	if b.db, err = bolt.Open(fresh, 0o600, &options); err != nil {
		return err
	}
	if err = b.put(nil, records, revision); err == nil {
		err = b.db.Sync()
	}
	b.db.NoSync, b.db.NoGrowSync = false, false
	if err == nil {
		keepOwner(old, fresh)
		err = os.Rename(fresh, b.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(b.path))
	}
	if err != nil {
		_ = b.db.Close()
	}
	return err
}

// keepOwner gives a file the owner of another one. Whoever may not do that owns
// both, as a rule.
func keepOwner(old *os.File, fresh string) {
	if info, err := old.Stat(); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = os.Lchown(fresh, int(owner.Uid), int(owner.Gid))
		}
	}
}

// syncFolder makes what was created in or removed from a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// write makes changes to the records before durable; revision 0 is a removal.
// What a disk that can't be read does to whoever has a file of it mapped becomes
// an error. bbolt may hold its locks then, and isn't called again.
func (b *boltFile) write(before, changes map[string]stored, revision int64) (err error) {
	if b.fault != nil {
		return b.fault
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if value := recover(); value != nil {
			b.fault = fmt.Errorf("%s can't be read, look at its disk and restart spur: %v", b.path, value)
			err = b.fault
		}
	}()
	if err := b.put(before, changes, revision); full(err) {
		return fmt.Errorf("%s cannot grow, its disk is full: %w", b.path, err)
	} else if err != nil {
		return fmt.Errorf("%s: %w", b.path, err)
	}
	return nil
}

func (b *boltFile) put(before, changes map[string]stored, revision int64) error {
	sum := b.sum
	err := b.db.Update(func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte(bucketName))
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(changes)) { // in order bbolt takes many faster
			s := changes[key]
			sum ^= before[key].sum() ^ s.sum()
			if s.Revision == 0 {
				err = bucket.Delete([]byte(key))
			} else {
				err = bucket.Put([]byte(key), s.encode())
			}
			if err != nil {
				return err
			}
		}
		err = bucket.Put(sumKey, binary.BigEndian.AppendUint32(nil, sum))
		return errors.Join(err, bucket.SetSequence(uint64(revision)))
	})
	if err == nil {
		b.sum = sum
	}
	return err
}

func (b *boltFile) close() error {
	defer b.lock.Close()
	if b.fault != nil {
		return b.fault
	}
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("cannot close %s: %w", b.path, err)
	}
	return nil
}
