package store

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// The bounds of what a store takes, in bytes.
const (
	// NameMost bounds names of secrets and buckets.
	NameMost = 64
	// KeyMost bounds keys of records.
	KeyMost = 256
	// ValueMost bounds values of records.
	ValueMost = 64 << 10
	// SecretLeast and SecretMost bound secrets.
	SecretLeast, SecretMost = 16, 1024
)

// ErrClosed is returned by a store that was closed.
var ErrClosed = errors.New("the store is closed")

// Entry is one record.
type Entry struct {
	Key   string
	Value []byte
}

// Secrets gives out random secrets that stay the same.
type Secrets interface {
	// Key returns the secret of that name with size bytes. The first call
	// creates it, every later one returns the same bytes, in later processes
	// too. To ask for another size than it was created with is an error.
	Key(name string, size int) ([]byte, error)
}

// Records keeps records in buckets. Buckets come into being with their first
// record. How many records there are is the caller's to bound.
type Records interface {
	// Put writes a record, durably, in place of one with the same key.
	Put(bucket, key string, value []byte) error
	// Delete removes a record, durably. A record that is not there is no error.
	Delete(bucket, key string) error
	// Get returns the value of a record, and whether there is one.
	Get(bucket, key string) (value []byte, ok bool, err error)
	// All returns every record of a bucket in the order of its keys' bytes, as
	// of one moment. A bucket that is not there has none.
	All(bucket string) ([]Entry, error)
}

// Store is all of it. Its methods may be called at the same time. What they
// return is the caller's, and what they were given may be changed afterwards.
type Store interface {
	Secrets
	Records
	// Close waits for what is under way. Every later call returns ErrClosed.
	Close() error
}

func checkName(what, name string) error {
	if name == "" || len(name) > NameMost {
		return fmt.Errorf("the name of a %s has 1 to %d bytes, %q has %d", what, NameMost, clip(name), len(name))
	}
	return nil
}

func checkRecord(bucket, key string, value []byte) error {
	if err := checkName("bucket", bucket); err != nil {
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

func checkSecret(name string, size int) error {
	if err := checkName("secret", name); err != nil {
		return err
	}
	if size < SecretLeast || size > SecretMost {
		return fmt.Errorf("secret %q is asked for with %d bytes, %d to %d are possible", name, size, SecretLeast, SecretMost)
	}
	return nil
}

// sized returns a copy of a secret that is already there.
func sized(name string, secret []byte, size int) ([]byte, error) {
	if len(secret) != size {
		return nil, fmt.Errorf("secret %q was created with %d bytes and is asked for with %d", name, len(secret), size)
	}
	return append([]byte(nil), secret...), nil
}

// random returns size random bytes. The reader of crypto/rand does not fail.
func random(size int) []byte {
	secret := make([]byte, size)
	rand.Read(secret)
	return secret
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
