package store

import (
	"errors"
	"fmt"
)

// The bounds of what a store takes, in bytes.
const (
	// NameMost bounds names of buckets.
	NameMost = 64
	// KeyMost bounds keys of records.
	KeyMost = 256
	// ValueMost bounds values of records.
	ValueMost = 64 << 10
)

// ErrClosed is returned by a store that was closed.
var ErrClosed = errors.New("the store is closed")

// Entry is one record.
type Entry struct {
	Key   string
	Value []byte
}

// Change is one record to write, or to remove.
type Change struct {
	Bucket, Key string
	Value       []byte
	Delete      bool // remove the record; Value is ignored
}

// Store keeps records in buckets. Buckets come into being with their first
// record. How many records there are is the caller's to bound.
//
// Its methods may be called at the same time. What they return is the
// caller's, and what they were given may be changed afterwards.
type Store interface {
	// Put writes a record, durably, in place of one with the same key.
	Put(bucket, key string, value []byte) error
	// Delete removes a record, durably. A record that is not there is no error.
	Delete(bucket, key string) error
	// Apply makes several changes, in their order, in one transaction: durably
	// all of them, or, with an error, none. Nobody sees some without the others.
	Apply(changes ...Change) error
	// Get returns the value of a record, and whether there is one.
	Get(bucket, key string) (value []byte, ok bool, err error)
	// All returns every record of a bucket in the order of its keys' bytes, as
	// of one moment. A bucket that is not there has none.
	All(bucket string) ([]Entry, error)
	// Close waits for what is under way. Every later call returns ErrClosed.
	Close() error
}

func checkBucket(name string) error {
	if name == "" || len(name) > NameMost {
		return fmt.Errorf("the name of a bucket has 1 to %d bytes, %q has %d", NameMost, clip(name), len(name))
	}
	return nil
}

func checkRecord(bucket, key string, value []byte) error {
	if err := checkBucket(bucket); err != nil {
		return err
	}
	if key == "" || len(key) > KeyMost {
		return fmt.Errorf("a key of bucket %q has 1 to %d bytes, %q has %d", bucket, KeyMost, clip(key), len(key))
	}
	if len(value) > ValueMost {
		return fmt.Errorf("record %q of bucket %q has %d bytes, at most %d are possible", clip(key), bucket, len(value), ValueMost)
	}
	return nil
}

func checkChanges(changes []Change) error {
	for _, c := range changes {
		value := c.Value
		if c.Delete {
			value = nil
		}
		if err := checkRecord(c.Bucket, c.Key, value); err != nil {
			return err
		}
	}
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
