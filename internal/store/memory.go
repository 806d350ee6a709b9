package store

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// memory is a store that ends with the process.
type memory struct {
	mu      sync.Mutex
	closed  bool
	buckets map[string]map[string][]byte
}

// Memory returns an empty store that forgets everything when it is closed.
func Memory() Store {
	return &memory{buckets: make(map[string]map[string][]byte)}
}

// open runs f with the store locked, unless it is closed.
func (m *memory) open(f func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	f()
	return nil
}

func (m *memory) Put(bucket, key string, value []byte) error {
	return m.Apply(Change{Bucket: bucket, Key: key, Value: value})
}

func (m *memory) Delete(bucket, key string) error {
	return m.Apply(Change{Bucket: bucket, Key: key, Delete: true})
}

func (m *memory) Apply(changes ...Change) error {
	if err := checkChanges(changes); err != nil {
		return err
	}
	return m.open(func() {
		for _, c := range changes {
			m.apply(c)
		}
	})
}

func (m *memory) apply(c Change) {
	if c.Delete {
		delete(m.buckets[c.Bucket], c.Key)
		return
	}
	if m.buckets[c.Bucket] == nil {
		m.buckets[c.Bucket] = make(map[string][]byte)
	}
	m.buckets[c.Bucket][c.Key] = bytes.Clone(c.Value)
}

func (m *memory) Get(bucket, key string) (value []byte, ok bool, err error) {
	if err := checkRecord(bucket, key, nil); err != nil {
		return nil, false, err
	}
	err = m.open(func() {
		value, ok = m.buckets[bucket][key]
		value = bytes.Clone(value)
	})
	return value, ok, err
}

func (m *memory) All(bucket string) (entries []Entry, err error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	err = m.open(func() {
		for _, key := range slices.Sorted(maps.Keys(m.buckets[bucket])) {
			entries = append(entries, Entry{Key: key, Value: bytes.Clone(m.buckets[bucket][key])})
		}
	})
	return entries, err
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.buckets = true, nil
	return nil
}
