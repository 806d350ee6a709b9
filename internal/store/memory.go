package store

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// memory has all records in memory, and writes changes to a journal first where
// it has one: whatever is seen is durable.
type memory struct {
	journal *journal // nil: forgotten when the process ends

	// writing is held while a group is committed. Only its holder changes
	// records, revision and closed, under mu as well.
	writing sync.Mutex
	expiry  *time.Timer

	mu       sync.Mutex
	closed   bool
	waiting  []*transaction
	records  map[string]stored
	revision int64
	watchers map[*watcher]struct{}
}

// stored is a record, and when it times out.
type stored struct {
	Record
	expires int64 // in milliseconds since 1970; 0: never
}

// Memory returns an empty store that forgets everything when it is closed.
func Memory() Store { return newMemory(map[string]stored{}, 0, nil) }

func newMemory(records map[string]stored, revision int64, j *journal) *memory {
	m := &memory{journal: j, records: records, revision: revision, watchers: map[*watcher]struct{}{}}
	m.writing.Lock()
	defer m.writing.Unlock()
	m.expiry = time.AfterFunc(expireEvery, m.expire)
	return m
}

// begin locks m unless the call can't be answered.
func (m *memory) begin(ctx context.Context) error {
	m.mu.Lock()
	err := ctx.Err()
	if m.closed {
		err = ErrClosed
	}
	if err != nil {
		m.mu.Unlock()
	}
	return err
}

func (m *memory) Get(ctx context.Context, key string) (Record, bool, error) {
	if err := m.begin(ctx); err != nil {
		return Record{}, false, err
	}
	defer m.mu.Unlock()
	s, ok := m.records[key]
	return s.copied(), ok, nil
}

func (r Record) copied() Record {
	r.Value = bytes.Clone(r.Value)
	return r
}

func (m *memory) List(ctx context.Context, prefix string) ([]Record, error) {
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	return m.list(prefix), nil
}

func (m *memory) list(prefix string) []Record {
	var all []Record
	for key, s := range m.records {
		if strings.HasPrefix(key, prefix) {
			all = append(all, s.copied())
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
	return all
}

func (m *memory) Close() error {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed, m.records = true, nil
	for w := range m.watchers {
		m.end(w)
	}
	m.expiry.Stop()
	return m.journal.close(m.revision)
}
