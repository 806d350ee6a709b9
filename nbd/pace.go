package nbd

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// unhurried is the time of a read or write, on the average, from which on
	// a device gains by being asked for several at once.
	unhurried = 200 * time.Microsecond
	// beat is how often those are looked for who have kept the turn for long.
	beat = time.Millisecond
	// quietBeats is how many beats a connection without commands is looked at.
	quietBeats = 20
)

// pace decides who carries out a command: the worker that has the turn, where
// the device has lately been quick, and else one that gives it up. Should a
// command take longer than expected the patrol takes the turn away.
type pace struct {
	// now is even between commands that are carried out in turn, odd during
	// one. Who makes it even again has the turn.
	now     atomic.Uint64
	watched atomic.Bool
	average [2]atomic.Int64 // time of reads and writes, in ns

	// Of the patrol.
	seen  uint64
	quiet int
}

// quick says whether a command won't take long.
func (p *pace) quick(r *request) bool {
	switch {
	case r.flags&cmdFUA != 0:
	case r.command == cmdRead, r.command == cmdWrite:
		return p.average[r.command].Load() < int64(unhurried)
	}
	return false
}

// took takes in how long the device took for a read or write.
func (p *pace) took(r *request, d time.Duration) {
	if r.command > cmdWrite || r.flags&cmdFUA != 0 {
		return
	}
	average := &p.average[r.command]
	was := average.Load()
	average.Store(was + (int64(min(d, 2*unhurried))-was)/8) // one that is lost does no harm
}

func (p *pace) begin(c *conn) uint64 {
	no := p.now.Load() + 1
	p.now.Store(no)
	if !p.watched.Load() {
		c.patrol.watch(c)
	}
	return no
}

// end says whether the worker still has the turn.
func (p *pace) end(no uint64) bool { return p.now.CompareAndSwap(no, no+1) }

// stalled says whether the command that was under way at the last beat still is.
func (p *pace) stalled() bool {
	now := p.now.Load()
	same := now == p.seen
	p.seen = now
	if !same {
		p.quiet = 0
	} else if now&1 == 0 {
		p.quiet++
	}
	return same && now&1 == 1 && p.end(now)
}

// patrol walks along the connections that are busy and takes the turn from
// workers whose command takes long.
type patrol struct {
	mu    sync.Mutex
	conns []*conn
	wake  chan struct{} // nil: there is no patrol
}

func (p *patrol) watch(c *conn) {
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
		if c.pace.stalled() {
			// What was done before must not wait for this one. A client that
			// doesn't read must hold up no other connection's patrol.
			c.wg.Go(func() {
				c.out.flush()
				c.passOn()
			})
		}
		if c.pace.quiet < quietBeats {
			kept = append(kept, c)
			continue
		}
		c.pace.watched.Store(false)
		if c.pace.now.Load()&1 == 1 && c.pace.watched.CompareAndSwap(false, true) {
			kept = append(kept, c) // a command began meanwhile
		}
	}
	clear(p.conns[len(kept):])
	p.conns = kept
	return len(kept)
}
