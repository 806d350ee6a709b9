package aoe

import (
	"slices"
	"sync"
)

// command is an ATA command with the frame that it came in, and that its answer
// is made in.
type command struct {
	buffer []byte // of the longest frame
	frame  frame
	tag    uint32 // of the frame, which becomes the answer
	from   MAC
	regs   registers
	kind   kind
	// What it reads or changes, in sectors: [first, last).
	first, last uint64
	running     bool
	answer      frame
	one         [1][]byte // of Send
}

func (c *command) changes() bool { return c.kind == write || c.kind == writeFUA || c.kind == trim }

// follows says whether c has to wait for a command that came before it.
func (c *command) follows(earlier *command) bool {
	if c.kind == flush {
		return earlier.changes()
	}
	return (c.changes() || earlier.changes()) && c.first < earlier.last && earlier.first < c.last
}

// repeats says whether c is the same request again.
func (c *command) repeats(earlier *command) bool {
	return c.tag == earlier.tag && c.from == earlier.from && c.regs == earlier.regs
}

// queue has the commands of a target in the order in which they came, those
// that are worked on included.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	list    []*command
	most    int // commands of one initiator
	closed  bool
}

// open makes room for n commands of one initiator, and as many of others.
func (q *queue) open(n int) {
	q.changed.L = &q.mu
	q.list, q.most, q.closed = make([]*command, 0, 2*n), n, false
}

// begin takes in commands that are carried out at once, if there are no others.
func (q *queue) begin(all ...*command) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) > 0 || len(all) > cap(q.list) {
		return false
	}
	for _, c := range all {
		c.running = true
	}
	q.list = append(q.list, all...)
	return true
}

// put takes in a command unless the queue has it already, is full, or has as many
// of its initiator as that was told of.
func (q *queue) put(c *command) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := 0
	for _, have := range q.list {
		if c.repeats(have) {
			return false
		}
		if have.from == c.from {
			own++
		}
	}
	if own >= q.most || len(q.list) == cap(q.list) {
		return false
	}
	c.running = false
	q.list = append(q.list, c)
	q.changed.Signal()
	return true
}

// take waits for a command that nothing is in the way of. It returns nil once
// the queue is closed and empty.
func (q *queue) take() *command {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if c := q.ready(); c != nil {
			c.running = true
			if q.ready() != nil {
				q.changed.Signal()
			}
			return c
		}
		if q.closed && len(q.list) == 0 {
			return nil
		}
		q.changed.Wait()
	}
}

// ready is the first command that can be begun.
func (q *queue) ready() *command {
next:
	for i, c := range q.list {
		if c.running {
			continue
		}
		for _, earlier := range q.list[:i] {
			if c.follows(earlier) {
				continue next
			}
		}
		return c
	}
	return nil
}

// done removes commands that were begun or taken.
func (q *queue) done(all ...*command) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = slices.DeleteFunc(q.list, func(c *command) bool { return slices.Contains(all, c) })
	switch {
	case q.closed && len(q.list) == 0:
		q.changed.Broadcast()
	case q.ready() != nil:
		// Who is done sends its answer first. Waking more than one would have
		// all but one find nothing.
		q.changed.Signal()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
