package store

import (
	"context"
	"slices"
	"time"
)

// groupMost is how many transactions one commit takes, so that a group never
// overruns somebody who watches and has received what was before it.
const groupMost = WatchMost / ChangesMost

// transaction is a call of Apply. done and the results belong to whoever holds
// memory.writing.
type transaction struct {
	conditions []Condition
	changes    []Change

	done     bool
	revision int64
	err      error
}

// Apply commits what is applied at the same time as a group: what arrives while
// one group waits for the disk goes into the next. A lone transaction waits for
// nobody, and on a slow disk the groups grow by themselves.
func (m *memory) Apply(ctx context.Context, conditions []Condition, changes ...Change) (int64, error) {
	if err := checkTransaction(conditions, changes); err != nil {
		return 0, err
	}
	if err := m.begin(ctx); err != nil {
		return 0, err
	}
	t := &transaction{conditions: conditions, changes: changes}
	m.waiting = append(m.waiting, t)
	m.mu.Unlock()

	m.writing.Lock()
	defer m.writing.Unlock()
	// Whoever wrote before us may have taken our transaction along.
	for !t.done {
		m.commit(m.nextGroup())
	}
	return t.revision, t.err
}

// nextGroup takes those that have waited longest.
func (m *memory) nextGroup() []*transaction {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := min(len(m.waiting), groupMost)
	group := m.waiting[:n:n]
	m.waiting = m.waiting[n:]
	return group
}

// commit makes the transactions of a group one after the other, and writes what
// comes of them at once. An error of the journal is that of all.
func (m *memory) commit(transactions []*transaction) {
	g := group{before: m.records, after: map[string]stored{}, revision: m.revision}
	for _, t := range transactions {
		t.done = true
		t.revision, t.err = g.apply(t.conditions, t.changes, time.Now())
	}
	if err := m.publish(&g); err != nil {
		for _, t := range transactions {
			t.revision, t.err = 0, err
		}
	}
}

// group is what transactions make of the records.
type group struct {
	before   map[string]stored
	after    map[string]stored // what differs; revision 0: removed
	events   []Event
	revision int64
}

func (g *group) record(key string) stored {
	if s, changed := g.after[key]; changed {
		return s
	}
	return g.before[key]
}

func (g *group) apply(conditions []Condition, changes []Change, now time.Time) (int64, error) {
	for _, c := range conditions {
		if g.record(c.Key).Revision != c.Revision {
			return 0, ErrConflict
		}
	}
	revision := g.revision + 1
	for _, c := range changes {
		s := stored{Record: Record{Key: c.Key}}
		if !c.Delete {
			s.Value, s.Revision = append([]byte{}, c.Value...), revision
			if c.TTL > 0 {
				s.expires = now.Add(c.TTL).UnixMilli()
			}
		} else if g.record(c.Key).Revision == 0 {
			continue
		}
		g.after[c.Key] = s
		g.events = append(g.events, Event{Record: Record{Key: c.Key, Value: s.Value, Revision: revision}, Deleted: c.Delete})
		g.revision = revision
	}
	return g.revision, nil
}

// publish makes a group durable, then seen.
func (m *memory) publish(g *group) error {
	if m.closed {
		return ErrClosed
	}
	if len(g.after) == 0 {
		return nil
	}
	if err := m.journal.write(g.revision, g.after); err != nil {
		return err
	}
	m.mu.Lock()
	for _, s := range g.after {
		s.change(m.records)
	}
	m.revision = g.revision
	for _, e := range g.events {
		m.tell(e)
	}
	m.mu.Unlock()
	m.journal.compact(m.revision, m.records)
	return nil
}

// expireEvery is how often it is looked for records that have timed out.
const expireEvery = 2 * time.Second

// expire removes records that have timed out.
func (m *memory) expire() {
	m.writing.Lock()
	defer m.writing.Unlock()
	var due []Change
	for key, s := range m.records {
		if s.expires != 0 && s.expires <= time.Now().UnixMilli() {
			due = append(due, Change{Key: key, Delete: true})
		}
	}
	for some := range slices.Chunk(due, ChangesMost) {
		m.commit([]*transaction{{changes: some}})
	}
	if !m.closed {
		m.expiry.Reset(expireEvery)
	}
}
