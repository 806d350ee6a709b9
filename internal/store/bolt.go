package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/spurboot/spur/internal/advice"
)

// fileName is the database's name in the folder.
const fileName = "spur.db"

// Bolt is a store in a file of one folder.
type Bolt struct {
	path    string
	db      *bolt.DB
	changes group
}

// Open opens the store in the folder dir, and creates either where it is not
// there: the folder with mode 0700, the file with 0600. One process at a time can have it open; another one gets an error after
// a second.
func Open(dir string) (*Bolt, error) {
	if dir == "" {
		return nil, advice.New("the store needs a folder", "name one with --data")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, openError(dir, err)
	}
	path := filepath.Join(dir, fileName)
	_, before := os.Lstat(path)
	db, err := openFile(path)
	if err != nil {
		if errors.Is(before, fs.ErrNotExist) && full(err) {
			_ = os.Remove(path) // the next start would find it damaged
		}
		return nil, openError(dir, err)
	}
	return &Bolt{path: path, db: db}, nil
}

// openError says what to do about a store that cannot be opened.
func openError(dir string, err error) error {
	path := filepath.Join(dir, fileName)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return advice.New("another spur uses "+dir, "stop it, or give this one a folder of its own with --data")
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return advice.Wrap(fmt.Errorf("%s is no folder: %w", dir, err), "name a folder with --data")
	case full(err):
		return advice.Wrap(fmt.Errorf("there is no space left for %s: %w", dir, err), "make room on its disk, or name a folder on another one with --data")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrNotExist):
		return advice.Wrap(fmt.Errorf("the folder %s cannot be written: %w", dir, err), "run as its owner, or name another one with --data")
	case errors.Is(err, errDamaged), errors.Is(err, io.EOF):
		return advice.Wrap(fmt.Errorf("%s is damaged or was not written by spur: %w", path, err), "move it away, and spur starts without the leases in it")
	}
	return advice.Wrap(fmt.Errorf("cannot open %s: %w", path, err), "name another folder with --data")
}

// full tells whether an error is for want of space.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Put writes a record, as Store says.
func (b *Bolt) Put(bucket, key string, value []byte) error {
	return b.Apply(Change{Bucket: bucket, Key: key, Value: value})
}

// Delete removes a record, as Store says.
func (b *Bolt) Delete(bucket, key string) error {
	return b.Apply(Change{Bucket: bucket, Key: key, Delete: true})
}

// Apply makes several changes, as Store says.
func (b *Bolt) Apply(changes ...Change) error {
	if err := checkChanges(changes); err != nil {
		return err
	}
	return b.explain(b.changes.commit(b.db, func(tx *bolt.Tx) error {
		for _, c := range changes {
			if err := c.apply(tx); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (c Change) apply(tx *bolt.Tx) error {
	if c.Delete {
		if records := tx.Bucket([]byte(c.Bucket)); records != nil {
			return records.Delete([]byte(c.Key))
		}
		return nil
	}
	records, err := tx.CreateBucketIfNotExists([]byte(c.Bucket))
	if err != nil {
		return err
	}
	return records.Put([]byte(c.Key), c.Value)
}

// Get returns a record, as Store says.
func (b *Bolt) Get(bucket, key string) (value []byte, ok bool, err error) {
	if err := checkRecord(bucket, key, nil); err != nil {
		return nil, false, err
	}
	err = b.db.View(func(tx *bolt.Tx) error {
		if records := tx.Bucket([]byte(bucket)); records != nil {
			value = bytes.Clone(records.Get([]byte(key)))
			ok = value != nil
		}
		return nil
	})
	return value, ok, b.explain(err)
}

// All returns the records of a bucket, as Store says.
func (b *Bolt) All(bucket string) (entries []Entry, err error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	err = b.db.View(func(tx *bolt.Tx) error {
		records := tx.Bucket([]byte(bucket))
		if records == nil {
			return nil
		}
		return records.ForEach(func(key, value []byte) error {
			entries = append(entries, Entry{Key: string(key), Value: bytes.Clone(value)})
			return nil
		})
	})
	return entries, b.explain(err)
}

// Close waits for what is under way and lets go of the file.
func (b *Bolt) Close() error {
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("cannot close %s: %w", b.path, err)
	}
	return nil
}

// explain names the file in an error of the database.
func (b *Bolt) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return ErrClosed
	case full(err):
		return fmt.Errorf("%s cannot grow, its disk is full: %w", b.path, err)
	}
	return fmt.Errorf("%s: %w", b.path, err)
}
