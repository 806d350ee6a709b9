package fetch

import (
	"os"
	"time"

	"github.com/spurboot/spur/internal/scratch"
)

// The functions of this file keep the cache within its bounds. All but grow,
// release, giveUp and downloaded want Cache.mu to be held.

// hold takes a reference: e stays while somebody has one.
func (c *Cache) hold(e *entry) {
	e.refs++
	if e.linger != nil {
		e.linger.Stop()
		e.linger = nil
	}
}

// drop gives a reference back. A download that nobody reads lingers.
func (c *Cache) drop(e *entry) {
	if e.refs--; e.refs > 0 {
		return
	}
	e.used = time.Now()
	if !e.listed {
		c.dispose(e)
		return
	}
	if _, done, _ := e.state(); !done {
		e.linger = time.AfterFunc(c.opts.Linger, func() { c.giveUp(e) })
	}
}

func (c *Cache) release(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(e)
}

// giveUp ends a download that nobody has come back for.
func (c *Cache) giveUp(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, done, _ := e.state(); e.refs == 0 && !done {
		c.unlist(e)
	}
}

// downloaded settles the account of a file that is whole or has failed.
func (c *Cache) downloaded(e *entry, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.unlist(e) // the next who opens it begins anew
		return
	}
	if !e.v.marked() {
		e.checked = time.Now() // it is as new as what just came
	}
	have, _, _ := e.state()
	if e.reserved > have {
		c.used -= e.reserved - have
		e.reserved = have
	}
	if e.linger != nil {
		e.linger.Stop()
		e.linger = nil
	}
}

// unlist makes e be no longer what its URL stands for; it goes with its last
// reader.
func (c *Cache) unlist(e *entry) {
	if !e.listed {
		return
	}
	e.listed = false
	if c.entries[e.source] == e {
		delete(c.entries, e.source)
	}
	if e.refs == 0 {
		c.dispose(e)
	}
}

// dispose frees what e takes. Called once: without references, not listed.
func (c *Cache) dispose(e *entry) {
	if e.linger != nil {
		e.linger.Stop()
		e.linger = nil
	}
	e.stop()
	e.gone = true
	c.used -= e.reserved
	e.reserved = 0
	c.count--
	if e.disk != nil {
		_ = os.Remove(e.disk.Name()) // New and Close remove what this can't
	}
}

// admit makes room for one more version.
func (c *Cache) admit() error {
	for c.count >= c.opts.MaxFiles {
		if !c.evict() {
			return ErrFull
		}
	}
	return nil
}

// reserve takes n bytes of the disk's bound and of what its file system has free, from
// unused files if need be.
func (c *Cache) reserve(n int64) bool {
	if n > c.opts.MaxBytes {
		return false
	}
	for c.used+n > c.opts.MaxBytes || !c.hasRoom(n) {
		if !c.evict() {
			return false
		}
	}
	c.used += n
	return true
}

// hasRoom says whether the file system takes n bytes more than it has been promised to
// take, and keeps some free. One that doesn't tell is tried.
func (c *Cache) hasRoom(n int64) bool {
	free, kept, err := scratch.Room(c.opts.Dir)
	for _, e := range c.entries {
		have, _, _ := e.state()
		n += max(e.reserved-have, 0)
	}
	return err != nil || n <= free-kept
}

// grow makes sure that e may have size bytes on disk.
func (c *Cache) grow(e *entry, size int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e.reserved < size && !e.gone {
		step := min(growStep, c.opts.MaxBytes-c.used)
		step = max(step, size-e.reserved)
		if !c.reserve(step) {
			return false
		}
		e.reserved += step
	}
	return !e.gone
}

// evict removes the version that has been unused for longest.
func (c *Cache) evict() bool {
	var oldest *entry
	for _, e := range c.entries {
		if e.refs == 0 && (oldest == nil || e.used.Before(oldest.used)) {
			oldest = e
		}
	}
	if oldest == nil {
		return false
	}
	c.unlist(oldest)
	return true
}
