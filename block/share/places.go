package share

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// Places are for connections that have shown that they may be there; those that have yet to
// are [HalfOpen]. Its zero value has none; the fields aren't changed once it is used.
type Places struct {
	Total   int
	PerPeer int // of one address

	mu     sync.Mutex
	taken  int
	ending int // that gave way, and have yet to leave
	peers  map[netip.Addr][]*Place
}

// A Place is one that is taken.
type Place struct {
	of   *Places
	peer netip.Addr
	end  func()
	gave bool // way to another one
}

// endingMost bounds the connections that have given way and are still there.
const endingMost = 64

// Half is the share of one address where nothing else is said. It is one place
// at least.
func Half(total int) int { return max(total/2, 1) }

// Enter takes a place, or says why there is none. Where all are taken, the address that has
// most gives way with its newest one, unless it would have fewer than the other then: so
// many addresses of one peer keep nobody out who is content with less than each of them has.
// end is called once, from any goroutine, where this place gives way; it has the connection
// end, and doesn't wait for that.
func (p *Places) Enter(peer netip.Addr, end func()) (*Place, error) {
	place, gives, err := p.enter(peer, end)
	if gives != nil {
		gives.end()
	}
	return place, err
}

func (p *Places) enter(peer netip.Addr, end func()) (place, gives *Place, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	has := len(p.peers[peer])
	if has >= p.PerPeer {
		return nil, nil, fmt.Errorf("this address has %d places, and may have no more", p.PerPeer)
	}
	if p.taken >= p.Total {
		if gives = p.giveWay(has + 1); gives == nil {
			return nil, nil, fmt.Errorf("all %d places are taken", p.Total)
		}
	}
	if p.peers == nil {
		p.peers = map[netip.Addr][]*Place{}
	}
	place = &Place{of: p, peer: peer, end: end}
	p.peers[peer] = append(p.peers[peer], place)
	p.taken++
	return place, gives, nil
}

// giveWay takes a place from the address that has most, if that are more than so many; nil
// where there is none.
func (p *Places) giveWay(most int) (gives *Place) {
	for _, all := range p.peers {
		if len(all) > most {
			most, gives = len(all), all[len(all)-1]
		}
	}
	if gives == nil || p.ending >= endingMost {
		return nil
	}
	p.remove(gives)
	gives.gave = true
	p.ending++
	return gives
}

func (p *Places) remove(place *Place) {
	all := p.peers[place.peer]
	i := slices.Index(all, place)
	if all = slices.Delete(all, i, i+1); len(all) > 0 {
		p.peers[place.peer] = all
	} else {
		delete(p.peers, place.peer)
	}
	p.taken--
}

// Leave gives the place back, once its connection is over. It is called once; a nil Place is
// none.
func (place *Place) Leave() {
	if place == nil {
		return
	}
	p := place.of
	p.mu.Lock()
	defer p.mu.Unlock()
	if place.gave {
		p.ending--
		return
	}
	p.remove(place)
}
