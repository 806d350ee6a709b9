package store

import (
	"context"
	"time"
)

// groupMost is how many changes one commit takes, so that a group never
// overruns somebody who watches and has received what was before it.
const groupMost = WatchMost / 4

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
// nobody, and on a slow disk the groups grow by themselves. (bbolt's Batch does
// it by a timer, which costs a lone one the delay and a slow disk a commit for
// every tick of it.)
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
	n, changes := 0, 0
	for ; n < len(m.waiting); n++ {
		changes += len(m.waiting[n].changes)
		if n > 0 && changes > groupMost {
			break
		}
	}
	group := m.waiting[:n:n]
	m.waiting = m.waiting[n:]
	return group
}

// commit makes the transactions of a group one after the other, and writes what
// comes of them at once. An error of the file is that of all.
func (m *memory) commit(transactions []*transaction) {
	g := group{before: m.records, after: map[string]stored{}, revision: m.revision}
	for _, t := range transactions {
		t.done = true
		t.revision, t.err = g.apply(t.conditions, t.changes, time.Now())
	}
	err := ErrClosed
	if !m.closed {
		err = m.publish(&g)
	}
	if err == nil {
		return
	}
	for _, t := range transactions {
		t.revision, t.err = 0, err
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
		if c.Delete && g.record(c.Key).Revision == 0 {
			continue
		}
		s := stored{Record: Record{Key: c.Key}}
		if !c.Delete {
			s.Value, s.Revision = append([]byte{}, c.Value...), revision
		}
		if c.TTL > 0 && !c.Delete {
			s.expires = now.Add(c.TTL)
		}
		g.after[c.Key] = s
		g.events = append(g.events, Event{Record: Record{Key: c.Key, Value: s.Value, Revision: revision}, Deleted: c.Delete})
		g.revision = revision
	}
	return g.revision, nil
}

// publish makes a group durable, then seen.
func (m *memory) publish(g *group) error {
	if len(g.after) == 0 {
		return nil
	}
	if m.file != nil {
		if err := m.file.write(g.before, g.after, g.revision); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revision = g.revision
	for key, s := range g.after {
		if s.Revision == 0 {
			delete(m.records, key)
		} else {
			m.records[key] = s
		}
		m.expireBy(s.expires)
	}
	for _, e := range g.events {
		m.tell(e)
	}
	return nil
}

// expireAfter is how soon after a try what is due is looked for again: a disk
// may be full.
const expireAfter = time.Second

// expire removes what is due.
func (m *memory) expire() {
	m.writing.Lock()
	defer m.writing.Unlock()
	for now := time.Now(); !m.closed; {
		t := &transaction{changes: m.due(now)}
		m.commit([]*transaction{t})
		if t.err != nil || len(t.changes) < groupMost {
			m.expireNext()
			return
		}
	}
}

// due are removals of what is due, as many as a group takes.
func (m *memory) due(now time.Time) (removals []Change) {
	for key, s := range m.records {
		if !s.expires.IsZero() && !s.expires.After(now) {
			removals = append(removals, Change{Key: key, Delete: true})
		}
		if len(removals) == groupMost {
			break
		}
	}
	return removals
}

// expireNext sets the timer for what is due first.
func (m *memory) expireNext() {
	m.expireAt = time.Time{}
	for _, s := range m.records {
		m.expireBy(s.expires)
	}
}

// expireBy sets the timer for t, unless it is set for an earlier time.
func (m *memory) expireBy(t time.Time) {
	if t.IsZero() || !m.expireAt.IsZero() && !t.Before(m.expireAt) {
		return
	}
	m.expireAt = t
	if wait := max(time.Until(t), expireAfter); m.expiry == nil {
		m.expiry = time.AfterFunc(wait, m.expire)
	} else {
		m.expiry.Reset(wait)
	}
}
