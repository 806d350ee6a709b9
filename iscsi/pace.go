package iscsi

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// unhurried is the time of a read or write, on the average, from which on
	// a device gains by being asked for several at once.
	unhurried = 200 * time.Microsecond
	// beat is how often connections are looked at whose reader does something
	// that may take long.
	beat = time.Millisecond
	// quietBeats is how many beats a connection without commands is looked at.
	quietBeats = 20
)

// speed is how long a unit has lately taken for reads and for writes, in ns.
type speed [2]atomic.Int64

// kind tells reads from writes; ok is false for what is neither. Those with
// FUA wait for the medium.
func (t *task) kind() (kind int, ok bool) {
	switch t.cdb[0] {
	case 0x08:
		return 0, true
	case 0x0a:
		return 1, true
	case 0x28, 0x88, 0xa8:
		return 0, t.cdb[1]&0x08 == 0
	case 0x2a, 0x8a, 0xaa:
		return 1, t.cdb[1]&0x08 == 0
	}
	return 0, false
}

// quick says whether a task won't take long.
func (t *task) quick() bool {
	if t.op != opSCSICommand || t.nexus == nil {
		return false
	}
	kind, ok := t.kind()
	return ok && t.nexus.speed[kind].Load() < int64(unhurried)
}

// took takes in how long the device took for a read or write.
func (n *nexus) took(t *task, d time.Duration) {
	kind, ok := t.kind()
	if !ok {
		return
	}
	average := &n.speed[kind]
	was := average.Load()
	average.Store(was + (int64(min(d, 2*unhurried))-was)/8) // one that is lost does no harm
}

// pace is what the reader of a connection does: it reads, or something that may
// take long. During that the patrol may take its turn away.
type pace struct {
	// now is even while the reader reads, odd while it does something else.
	// Who makes it even again has the turn.
	now     atomic.Uint64
	watched atomic.Bool

	// Of the patrol.
	seen  uint64
	quiet int
}

func (p *pace) begin() uint64 { return p.now.Add(1) }

// end says whether the worker still has the turn.
func (p *pace) end(no uint64) bool { return p.now.CompareAndSwap(no, no+1) }

// stalled says whether the reader does what it did at the last beat, and
// whether that was something that may take long.
func (p *pace) stalled() (same, long bool) {
	now := p.now.Load()
	same = now == p.seen
	p.seen = now
	switch {
	case !same:
		p.quiet = 0
	case now&1 == 0:
		p.quiet++
	}
	return same, same && now&1 == 1 && p.end(now)
}

// patrol walks along the connections that are busy. It takes the turn from
// workers that don't come back to reading, and sends answers that wait while a
// reader waits for the rest of a PDU.
type patrol struct {
	mu    sync.Mutex
	conns []*conn
	wake  chan struct{} // nil: there is no patrol
}

// watch has a connection looked at. The reader calls it, whenever something
// begins that may have to be looked at.
func (p *patrol) watch(c *conn) {
	if c.pace.watched.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake == nil || !c.pace.watched.CompareAndSwap(false, true) {
		return
	}
	c.pace.quiet = 0
	p.conns = append(p.conns, c)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// walk goes on until stop is closed.
func (p *patrol) walk(stop <-chan struct{}) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		if p.round() == 0 {
			tick.Stop()
			select {
			case <-p.wake:
			case <-stop:
				return
			}
			tick.Reset(beat)
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// round looks at every connection once and returns how many remain.
func (p *patrol) round() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.conns[:0]
	for _, c := range p.conns {
		c.look()
		if c.pace.quiet < quietBeats {
			kept = append(kept, c)
			continue
		}
		c.pace.watched.Store(false)
		// Something may have begun meanwhile.
		if (c.pace.now.Load()&1 == 1 || c.out.waits()) && c.pace.watched.CompareAndSwap(false, true) {
			kept = append(kept, c)
		}
	}
	clear(p.conns[len(kept):])
	p.conns = kept
	return len(kept)
}

// look is the patrol's. Initiators that take nothing hold up no other: what may
// take long is done elsewhere.
func (c *conn) look() {
	same, stalled := c.pace.stalled()
	if same && c.out.waits() {
		c.start(c.out.flush)
	}
	if stalled {
		c.passTurn()
	}
}
