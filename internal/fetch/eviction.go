package fetch

import (
	"os"
	"time"
)

// The functions of this file keep what is used and let go of the rest. All but
// release, lose, giveUp and downloaded want Cache.mu to be held.

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

// lose is release of a file that isn't to be had from the disk any more: the next who opens
// it begins anew.
func (c *Cache) lose(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unlist(e)
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
	delete(c.downloads, e)
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
		if _, ok := c.evict(); !ok {
			return ErrFull
		}
	}
	return nil
}

// evict removes the version that has been unused for longest, and tells how many bytes of
// disk it had.
func (c *Cache) evict() (freed int64, ok bool) {
	var oldest *entry
	for _, e := range c.entries {
		if e.refs == 0 && (oldest == nil || e.used.Before(oldest.used)) {
			oldest = e
		}
	}
	if oldest == nil {
		return 0, false
	}
	freed = oldest.reserved
	c.unlist(oldest)
	return freed, true
}
