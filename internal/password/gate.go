package password

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// How often may be guessed: from one address a few times at once, and then every ten
// seconds; from all addresses together more often, since all of a room may mistype at once.
// A right password uses nothing up, however many machines it comes from.
const (
	ownBurst, ownEvery = 5, 10 * time.Second
	allBurst, allEvery = 60, time.Second
	// peersMost bounds the addresses of which it is known how often they guessed. Of more,
	// the ones that rested for longest are forgotten.
	peersMost = 1024
)

// Gate lets those pass who know a password.
type Gate struct {
	File *File
	Now  func() time.Time

	mu    sync.Mutex
	peers map[netip.Addr]*allowance

	checking sync.Mutex // a check takes much memory: one at a time
	every    allowance  // of all peers; checking guards it
}

// allowance is how many guesses are left, at a time.
type allowance struct {
	used float64
	at   time.Time
	shut bool // somebody was told that there is none left
}

// take uses up one guess; where there is none, it says when there will be.
func (a *allowance) take(now time.Time, burst int, every time.Duration) *Often {
	a.used = max(0, a.used-float64(now.Sub(a.at))/float64(every))
	a.at = now
	if over := a.used - float64(burst-1); over > 0 {
		often := &Often{Wait: time.Duration(over * float64(every)), Again: a.shut}
		a.shut = true
		return often
	}
	a.used++
	a.shut = false
	return nil
}

// back returns a guess that was none.
func (a *allowance) back() { a.used = max(0, a.used-1) }

// Pass tells whether a password is that of an item of these names; nil is yes. An item
// without a password lets everybody pass.
func (g *Gate) Pass(ctx context.Context, names []string, password string, peer netip.Addr) error {
	r, ok := g.File.find(names)
	if !ok {
		return nil
	}
	own, often := g.begin(peer)
	if often != nil {
		return often
	}
	guessed, err := g.check(ctx, r.hash, password)
	if !guessed {
		g.mu.Lock()
		own.back()
		g.mu.Unlock()
	}
	return err
}

// check checks a password when it is its turn, and tells whether that was a guess: neither
// a right one is, nor one that wasn't looked at. Who waits has used up nothing of all
// peers' guesses yet, so that a room that knows the password passes, however large it is.
func (g *Gate) check(ctx context.Context, h hash, password string) (guessed bool, err error) {
	g.checking.Lock()
	defer g.checking.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err // who asked has left meanwhile
	}
	if often := g.every.take(g.Now(), allBurst, allEvery); often != nil {
		return false, often
	}
	if !h.is(password) {
		return true, ErrWrong
	}
	g.every.back()
	return false, nil
}

// begin counts a guess of a peer, before it is known to be one: so a peer has no more of
// them under way than it may guess.
func (g *Gate) begin(peer netip.Addr) (own *allowance, often *Often) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	if g.peers == nil {
		g.peers = map[netip.Addr]*allowance{}
	}
	own, ok := g.peers[peer]
	if !ok {
		g.forget()
		own = &allowance{at: now}
		g.peers[peer] = own
	}
	return own, own.take(now, ownBurst, ownEvery)
}

// forget makes room for one more address.
func (g *Gate) forget() {
	if len(g.peers) < peersMost {
		return
	}
	var oldest netip.Addr
	for addr, a := range g.peers {
		if o, ok := g.peers[oldest]; !ok || a.at.Before(o.at) {
			oldest = addr
		}
	}
	delete(g.peers, oldest)
}
