package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The records are in one bucket, whose sequence number is the store's revision.
// One more, with that revision, goes with every commit. Its value is the checksums
// of all others, added without carry: it differs where one is missing or an older
// one is in its place. Its key is too long for a record.
var (
	bucketName = []byte("records")
	stateKey   = strings.Repeat("\xFF", KeyMost+1)
)

// boltFile is where a store is written to; nil forgets everything.
type boltFile struct {
	db    *bolt.DB
	fault error // what is in the file isn't known
}

// guarded calls what uses the mapped file. Where that is damaged or can't be read,
// bbolt panics, or reads memory that isn't there: both become an error. A page that
// leads to itself would keep bbolt busy for ever, and needs somebody who can write
// to our folder, or one bit in a million.
func guarded(use func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("it can't be used: %v", value)
		}
	}()
	return use()
}

// openBolt opens and reads a file. After a panic of bbolt it stays mapped and locked.
func openBolt(path string, readOnly bool) (b *boltFile, c contents, err error) {
	options := bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType, PreLoadFreelist: true, ReadOnly: readOnly}
	b = &boltFile{}
	c.records = map[string]stored{}
	err = guarded(func() (err error) {
		if b.db, err = bolt.Open(path, 0o600, &options); err == nil {
			err = b.db.View(c.read)
		}
		return err
	})
	if err != nil && b.db != nil {
		err = errors.Join(err, b.db.Close())
	}
	return b, c, err
}

func (c *contents) read(tx *bolt.Tx) error {
	if err := checkPages(tx); err != nil {
		return err
	}
	bucket := tx.Bucket(bucketName)
	switch {
	case bucket == nil && tx.ID() <= 1: // nothing was ever written
		return nil
	case bucket == nil:
		return errors.New("it has no records")
	}
	sum := uint32(0)
	err := bucket.ForEach(func(key, value []byte) error {
		s, ok := decode(key, value)
		if !ok {
			return fmt.Errorf("%.40q is no record", key[:min(len(key), 40)])
		}
		if s.Key != stateKey {
			c.records[s.Key] = s
			sum ^= checksum(value)
		}
		return nil
	})
	c.revision = int64(bucket.Sequence())
	if err == nil && !bytes.Equal(bucket.Get([]byte(stateKey)), state(c.revision, sum)) {
		err = errors.New("records are missing, or old")
	}
	return err
}

func state(revision int64, sum uint32) []byte {
	value := binary.BigEndian.AppendUint32(nil, sum)
	return stored{Record: Record{Key: stateKey, Value: value, Revision: revision}}.encode()
}

// checkPages finds wrong lengths of pages: bbolt would run out of memory freeing one.
func checkPages(tx *bolt.Tx) error {
	id, pages := 2, int(tx.Size())/tx.DB().Info().PageSize // behind the meta pages
	for ; id < pages; id++ {
		if page, err := tx.Page(id); err != nil {
			return err
		} else if page.Type != "free" {
			id += page.OverflowCount
		}
	}
	if id != pages {
		return fmt.Errorf("it has %d pages, not %d", pages, id)
	}
	return nil
}

// write makes changes durable; revision 0 is a removal. Any error but that of a
// full disk is the last: bbolt may hold its locks after it, and the kernel may take
// for written what isn't.
func (b *boltFile) write(revision int64, changes map[string]stored) error {
	if b == nil {
		return nil
	}
	if b.fault != nil {
		return b.fault
	}
	err := guarded(func() error {
		return b.db.Update(func(tx *bolt.Tx) error { return put(tx, revision, changes) })
	})
	if full(err) {
		return fmt.Errorf("%s cannot grow, its disk is full: %w", b.db.Path(), err)
	}
	if err != nil {
		b.fault = fmt.Errorf("%s can't be written any more, look at its disk and restart spur: %w", b.db.Path(), err)
	}
	return b.fault
}

func put(tx *bolt.Tx, revision int64, changes map[string]stored) error {
	bucket, err := tx.CreateBucketIfNotExists(bucketName)
	if err != nil {
		return err
	}
	before, _ := decode([]byte(stateKey), bucket.Get([]byte(stateKey)))
	sum := binary.BigEndian.Uint32(append(before.Value, 0, 0, 0, 0))
	for key, s := range changes {
		key, value := []byte(key), s.encode()
		sum ^= checksum(bucket.Get(key))
		if s.Revision == 0 {
			err = errors.Join(err, bucket.Delete(key))
		} else {
			sum ^= checksum(value)
			err = errors.Join(err, bucket.Put(key, value))
		}
	}
	return errors.Join(err, bucket.Put([]byte(stateKey), state(revision, sum)), bucket.SetSequence(uint64(revision)))
}

func (b *boltFile) close() error {
	if b == nil {
		return nil
	}
	if b.fault != nil {
		return b.fault
	}
	return b.db.Close()
}
