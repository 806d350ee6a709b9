// Package store keeps what has to survive a restart: small records such as
// leases.
//
// A [Store] holds records by key; keys that belong together begin alike, and
// values are encoded by the caller. [Store.Apply] makes changes that belong
// together one transaction, on conditions if need be: compare and swap. When it
// returns nil they survive a crash. A record may have a time to live, and
// [Store.Watch] tells what changes. It is no more than a cluster such as etcd
// can promise as well.
//
// [Open] keeps everything in memory and in a log in a folder; [Memory] forgets
// everything when the process ends. Package storetest has the contract of both.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The bounds of what a store takes.
const (
	KeyMost     = 320      // bytes of a key
	ValueMost   = 64 << 10 // bytes of a value
	ChangesMost = 16       // changes and conditions of a transaction
	// WatchMost is how many events wait for whoever watches.
	WatchMost = 1024
)

var (
	// ErrClosed is returned by a store that was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrConflict is returned where a condition of a transaction doesn't hold.
	ErrConflict = errors.New("the record was changed meanwhile")
)

// Record is a key with its value.
type Record struct {
	Key   string
	Value []byte
	// Revision is that of the transaction that wrote the record, at least 1.
	// Each transaction that changes something has a greater one than those
	// before it.
	Revision int64
}

// Change writes a record or removes it.
type Change struct {
	Key   string
	Value []byte
	// TTL is how long the record stays, in whole seconds; 0 is for good. It is
	// removed some seconds late at most, and a restart may give it the time anew.
	TTL    time.Duration
	Delete bool // remove the record, if there is one
}

// Condition is that the record of a key is the one with this revision, or,
// with revision 0, that there is none.
type Condition struct {
	Key      string
	Revision int64
}

// Event is a record that was written or, where it is Deleted, removed or timed
// out: it has a key and the revision of its removal then, and no value.
type Event struct {
	Record
	Deleted bool
}

// Store keeps records by key. How many there are is the caller's to bound, and
// how many watch.
//
// Its methods may be called at the same time. What they return is the caller's,
// and what they were given may be changed afterwards. An error that is neither
// ErrConflict nor ErrClosed may leave it open whether a transaction was made.
type Store interface {
	// Get returns the record of a key, and whether there is one.
	Get(ctx context.Context, key string) (r Record, ok bool, err error)
	// List returns the records whose keys begin with prefix, in the order of
	// the bytes of their keys, as of one revision.
	List(ctx context.Context, prefix string) ([]Record, error)
	// Apply makes changes to different keys in one transaction if all the
	// conditions hold: durably all of them, or none. Nobody sees some without
	// the others. It returns the revision of those that change something.
	Apply(ctx context.Context, conditions []Condition, changes ...Change) (revision int64, err error)
	// Watch returns what List does, and then every change to it in the order of
	// revisions. The channel is closed when ctx or the store ends, and when more
	// than WatchMost events wait to be received: then watch anew.
	Watch(ctx context.Context, prefix string) ([]Record, <-chan Event, error)
	// Close waits for what is under way. Every later call returns ErrClosed.
	Close() error
}

func checkKey(key string) error {
	if key == "" || len(key) > KeyMost {
		return fmt.Errorf("a key of the store has 1 to %d bytes, %.40q has %d", KeyMost, key, len(key))
	}
	return nil
}

func checkTransaction(conditions []Condition, changes []Change) error {
	if n := len(conditions) + len(changes); n > ChangesMost {
		return fmt.Errorf("a transaction of the store has %d conditions and changes, at most %d are possible", n, ChangesMost)
	}
	for _, c := range conditions {
		if err := checkKey(c.Key); err != nil {
			return err
		}
	}
	keys := make(map[string]bool, len(changes))
	for _, c := range changes {
		switch err := checkKey(c.Key); {
		case err != nil:
			return err
		case keys[c.Key]:
			return fmt.Errorf("a transaction of the store changes %.40q twice", c.Key)
		case len(c.Value) > ValueMost:
			return fmt.Errorf("the record %.40q has %d bytes, at most %d are possible", c.Key, len(c.Value), ValueMost)
		case c.TTL < 0 || c.TTL%time.Second != 0:
			return fmt.Errorf("the record %.40q is to stay for %s; whole seconds are possible", c.Key, c.TTL)
		}
		keys[c.Key] = true
	}
	return nil
}
