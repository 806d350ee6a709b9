package fetch

import (
	"fmt"
	"math"

	"github.com/spurboot/spur/internal/scratch"
)

// The functions of this file keep the cache within its bounds. All but grow and tooBig want Cache.mu
// to be held.

// reserve takes n bytes of the disk's bound and of what its file system has free, from
// unused files if need be. What it gets from them it knows by its own account: the file
// system may tell only later, and where all of them wouldn't do, none of them goes.
func (c *Cache) reserve(n int64) bool {
	room := c.room()
	if n > room+c.unused() {
		return false
	}
	for room < n {
		freed, ok := c.evict()
		if !ok {
			return false
		}
		room += freed
	}
	c.used += n
	return true
}

// room is how many bytes can be reserved without an eviction; below 0 the file system has
// less free than should stay so.
func (c *Cache) room() int64 {
	return min(c.opts.MaxBytes-c.used, c.diskRoom())
}

// diskRoom is how much the file system can take besides what it has been promised to, and
// keep some free. One that doesn't tell is tried. A download that was evicted has nothing
// reserved any more, and frees what it has when it ends, which is soon.
func (c *Cache) diskRoom() int64 {
	free, kept, err := scratch.Room(c.opts.Dir)
	if err != nil {
		return math.MaxInt64
	}
	room := free - kept
	for e := range c.downloads {
		if have, done, _ := e.state(); !done {
			room -= e.reserved - have
		}
	}
	return room
}

// unused is how many bytes evictions can free: what unused files have on disk, and what
// those of them that are still on their way have been promised besides.
func (c *Cache) unused() (n int64) {
	for _, e := range c.entries {
		if e.refs == 0 {
			n += e.reserved
		}
	}
	return n
}

// grow makes sure that e may have size bytes on disk. It takes more than that at once, but
// not of unused files; e itself isn't one meanwhile, though nobody reads it.
func (c *Cache) grow(e *entry, size int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.refs++
	defer func() { e.refs-- }()
	for e.reserved < size && !e.gone {
		step := max(min(growStep, c.room()), size-e.reserved)
		if !c.reserve(step) {
			return false
		}
		e.reserved += step
	}
	return !e.gone
}

// tooBig is ErrTooBig with what to do: a file whose size is known comes without room for it.
func (c *Cache) tooBig() error {
	advice := "have the server send a Content-Length"
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.diskRoom() < c.opts.MaxBytes-c.used {
		advice += ", or make room in the file system of " + c.opts.Dir
	}
	return fmt.Errorf("%w; %s", ErrTooBig, advice)
}
