package dhcp

import (
	"hash/maphash"
	"sync"
	"time"
)

// deduplicator notices a packet that is heard on more than one interface,
// because two of them are on one wire. A client that sends again is heard on
// the same interface and is no duplicate.
type deduplicator struct {
	mu   sync.Mutex
	seed maphash.Seed
	last [128]received // a ring
	next int
}

type received struct {
	sum   uint64
	index int
	at    time.Time
}

// duplicateWindow is how long the second copy may take; it waits behind a
// handler.
const duplicateWindow = 2 * time.Second

func newDeduplicator() *deduplicator { return &deduplicator{seed: maphash.MakeSeed()} }

func (d *deduplicator) isDuplicate(payload []byte, index int, now time.Time) bool {
	sum := maphash.Bytes(d.seed, payload)
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.last {
		h := &d.last[i]
		if h.sum != sum || now.Sub(h.at) > duplicateWindow {
			continue
		}
		if h.index != index {
			return true
		}
		h.at = now
		return false
	}
	d.last[d.next] = received{sum, index, now}
	d.next = (d.next + 1) % len(d.last)
	return false
}
