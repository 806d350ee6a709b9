package daemon

import (
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

// givenOnceMost bounds the machines that a givenOnce remembers.
const givenOnceMost = 1 << 16

// givenOnce remembers of machines that were given something whether they boot it once.
// The zero value is ready for use.
type givenOnce struct {
	mu  sync.Mutex
	all map[boot.MAC]bool
}

func (g *givenOnce) note(mac boot.MAC, once bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all == nil {
		g.all = map[boot.MAC]bool{}
	}
	if _, known := g.all[mac]; !known && len(g.all) >= givenOnceMost {
		for other := range g.all { // whichever
			delete(g.all, other)
			break
		}
	}
	g.all[mac] = once
}

func (g *givenOnce) of(mac boot.MAC) (once, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	once, known = g.all[mac]
	return once, known
}
