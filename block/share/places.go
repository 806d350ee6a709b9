package share

import (
	"fmt"
	"net/netip"
	"sync"
)

// Places are for connections. Its zero value has none; the fields aren't changed
// once it is used.
type Places struct {
	Total   int
	PerPeer int // of one address

	mu    sync.Mutex
	taken int
	peers map[netip.Addr]int
}

// Half is the share of one address where nothing else is said. It is one place
// at least.
func Half(total int) int { return max(total/2, 1) }

// Enter takes a place, or says why there is none.
func (p *Places) Enter(peer netip.Addr) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.taken >= p.Total:
		return fmt.Errorf("all %d places are taken", p.Total)
	case p.peers[peer] >= p.PerPeer:
		return fmt.Errorf("this address has %d places, and may have no more", p.PerPeer)
	}
	if p.peers == nil {
		p.peers = map[netip.Addr]int{}
	}
	p.taken++
	p.peers[peer]++
	return nil
}

// Leave gives a place back.
func (p *Places) Leave(peer netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.peers[peer]--; p.peers[peer] == 0 {
		delete(p.peers, peer)
	}
}
