package dhcp

import (
	"hash/maphash"
	"sync"
	"time"
)

// twins notices a packet that is heard on more than one interface, because two
// of them are on one wire. A client that sends again is heard on the same
// interface and is no twin.
type twins struct {
	mu   sync.Mutex
	seed maphash.Seed
	last [128]heard // a ring
	next int
}

type heard struct {
	sum   uint64
	index int
	at    time.Time
}

// twinWindow is how long the second copy may take; it waits behind a handler.
const twinWindow = 2 * time.Second

func newTwins() *twins { return &twins{seed: maphash.MakeSeed()} }

func (t *twins) seen(payload []byte, index int, now time.Time) bool {
	sum := maphash.Bytes(t.seed, payload)
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.last {
		h := &t.last[i]
		if h.sum != sum || now.Sub(h.at) > twinWindow {
			continue
		}
		if h.index != index {
			return true
		}
		h.at = now
		return false
	}
	t.last[t.next] = heard{sum, index, now}
	t.next = (t.next + 1) % len(t.last)
	return false
}
