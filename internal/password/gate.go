package password

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// How often may be guessed: from one address a few times at once, and then every ten
// seconds; from all addresses together more often, since all of a room may choose at once.
const (
	ownBurst, ownEvery = 5, 10 * time.Second
	allBurst, allEvery = 30, time.Second
	// peersMost bounds the addresses of which it is known how often they guessed. Of more,
	// the ones that rested for longest are forgotten.
	peersMost = 1024
)

// ErrWrong is that of a password that isn't the right one, ErrOften that of somebody who
// guesses too often, right or wrong.
var (
	ErrWrong = errors.New("the password is wrong")
	ErrOften = errors.New("too many passwords were tried; wait a minute")
)

// Gate lets those pass who know a password.
type Gate struct {
	File *File
	Now  func() time.Time

	mu    sync.Mutex
	every allowance
	peers map[netip.Addr]*allowance

	checking sync.Mutex // a check takes much memory: one at a time
}

// allowance is how many guesses are left, at a time.
type allowance struct {
	used float64
	at   time.Time
}

// take uses up one guess, if there is one.
func (a *allowance) take(now time.Time, burst int, every time.Duration) bool {
	a.used = max(0, a.used-float64(now.Sub(a.at))/float64(every))
	a.at = now
	if a.used > float64(burst)-1 {
		return false
	}
	a.used++
	return true
}

// Pass tells whether a password is that of an item of these names; nil is yes. An item
// without a password lets everybody pass.
func (g *Gate) Pass(ctx context.Context, names []string, password string, peer netip.Addr) error {
	r, ok := g.File.find(names)
	if !ok {
		return nil
	}
	if !g.allowed(peer) {
		return ErrOften
	}
	g.checking.Lock()
	defer g.checking.Unlock()
	if err := ctx.Err(); err != nil {
		return err // who asked has left meanwhile
	}
	if !r.hash.is(password) {
		return ErrWrong
	}
	return nil
}

// allowed counts a guess.
func (g *Gate) allowed(peer netip.Addr) bool {
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
	return own.take(now, ownBurst, ownEvery) && g.every.take(now, allBurst, allEvery)
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
