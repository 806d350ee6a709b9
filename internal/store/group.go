package store

import (
	"sync"

	bolt "go.etcd.io/bbolt"
)

// groupMost is how many changes one transaction takes.
const groupMost = 1000

// group commits changes that are made at the same time in one transaction:
// what arrives while one commit waits for the disk goes into the next. A lone
// change waits for nobody, and on a slow disk the groups grow by themselves.
// (bbolt's Batch does it by a timer, which costs a lone change the delay and a
// slow disk a commit for every tick of it.)
type group struct {
	// writing is held while a transaction is under way.
	writing sync.Mutex

	mu      sync.Mutex
	waiting []*change
}

// change is one change and, once it was tried, its result. done and err belong
// to whoever holds writing.
type change struct {
	apply func(*bolt.Tx) error
	done  bool
	err   error
}

// commit returns when the change is on the disk, or was refused. An error of
// the database is that of all the changes in its transaction.
func (g *group) commit(db *bolt.DB, apply func(*bolt.Tx) error) error {
	c := &change{apply: apply}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	g.mu.Unlock()

	g.writing.Lock()
	defer g.writing.Unlock()
	// Whoever wrote before us may have taken our change along.
	for !c.done {
		g.write(db)
	}
	return c.err
}

// write commits the changes that wait, the longest waiting first.
func (g *group) write(db *bolt.DB) {
	g.mu.Lock()
	n := min(len(g.waiting), groupMost)
	changes := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()

	err := db.Update(func(tx *bolt.Tx) error {
		for _, c := range changes {
			if err := c.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range changes {
		c.done, c.err = true, err
	}
}
