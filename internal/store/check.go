package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// errDamaged is what openError knows a damaged file by.
var errDamaged = errors.New("inconsistent database")

// openFile opens and checks the database. bbolt panics over damaged pages, at
// any later time; to find them now costs some milliseconds for a thousand
// records.
func openFile(path string) (db *bolt.DB, err error) {
	// The file is mapped: where it is cut off, reading faults.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
		if err != nil && db != nil {
			db.Close()
		}
	}()
	db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	if err = db.View(check); err == nil {
		err = db.Update(createTop)
	}
	return db, err
}

// check returns the first thing that is wrong with the database. Its length
// comes first, and then what it holds, because tx.Check reads in a goroutine
// of its own, where a fault would end the process.
func check(tx *bolt.Tx) error {
	info, err := os.Stat(tx.DB().Path())
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("%w: it has %d of %d bytes", errDamaged, info.Size(), tx.Size())
	}
	if err := tx.ForEach(func(_ []byte, b *bolt.Bucket) error { return checkBucket(b, 0) }); err != nil {
		return err
	}
	return checkPages(tx)
}

// deepest is how deep buckets are inside each other, below the top level.
const deepest = 1

// checkBucket reads every record of a bucket and of those inside it.
func checkBucket(b *bolt.Bucket, depth int) error {
	if depth > deepest {
		return fmt.Errorf("%w: buckets are too deep inside each other", errDamaged)
	}
	var before []byte
	return b.ForEach(func(key, value []byte) error {
		if len(key) > KeyMost || len(value) > ValueMost || bytes.Compare(before, key) >= 0 {
			return fmt.Errorf("%w: a record is out of bounds or order", errDamaged)
		}
		before = bytes.Clone(key)
		bytes.Clone(value)
		if inside := b.Bucket(key); inside != nil && value == nil {
			return checkBucket(inside, depth+1)
		}
		return nil
	})
}

func checkPages(tx *bolt.Tx) (first error) {
	for err := range tx.Check() {
		if first == nil {
			first = fmt.Errorf("%w: %w", errDamaged, err)
		}
	}
	return first
}

func createTop(tx *bolt.Tx) error {
	for _, name := range [][]byte{secretsBucket(), recordsBucket()} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}
