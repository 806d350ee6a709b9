package share

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Reserve is how many bytes each account has of its own, beside the Memory.
const Reserve = 64 << 10

// A Memory is bytes that the peers of a server share.
type Memory struct {
	waiting atomic.Int32 // accounts that wait

	mu    sync.Mutex
	left  int
	peers map[netip.Addr]*holder
	freed chan struct{} // closed when something is given back
}

// holder is the accounts of one address.
type holder struct{ accounts, held int }

// NewMemory returns a Memory of so many bytes.
func NewMemory(total int) *Memory {
	return &Memory{left: total, peers: map[netip.Addr]*holder{}, freed: make(chan struct{})}
}

// Open returns an account for a peer, which may hold at most so many bytes at
// once.
func (m *Memory) Open(peer netip.Addr, most int) *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.peers[peer]
	if h == nil {
		h = &holder{}
		m.peers[peer] = h
	}
	h.accounts++
	return &Account{memory: m, peer: peer, holder: h, most: most}
}

// take takes n bytes unless less than that and what the peer holds were left for
// the others.
func (m *Memory) take(h *holder, n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.held+n > m.left-n {
		return false
	}
	h.held += n
	m.left -= n
	return true
}

func (m *Memory) give(h *holder, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h.held -= n
	m.left += n
}

// wake has all that wait look again.
func (m *Memory) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.freed)
	m.freed = make(chan struct{})
}

// next returns what is closed when something is given back from now on. Who waits
// for that counts in waiting before.
func (m *Memory) next() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.freed
}

// An Account is what one connection holds. Its methods may be called from several
// goroutines.
type Account struct {
	memory *Memory
	peer   netip.Addr
	holder *holder
	most   int

	mu   sync.Mutex
	held int
}

// shared is how much of n bytes isn't the account's own.
func shared(n int) int { return max(n-Reserve, 0) }

// Try takes n bytes if they are to be had now.
func (a *Account) Try(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held+n > a.most {
		return false
	}
	if more := shared(a.held+n) - shared(a.held); more > 0 && !a.memory.take(a.holder, more) {
		return false
	}
	a.held += n
	return true
}

// Take waits for n bytes: no longer than so long, and not when stop is closed.
// Who calls it holds nothing that others may need to give back what they hold.
func (a *Account) Take(n int, most time.Duration, stop <-chan struct{}) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	a.memory.waiting.Add(1) // before Try, so that no Give is missed
	defer a.memory.waiting.Add(-1)
	for {
		freed := a.memory.next()
		if a.Try(n) {
			return nil
		}
		select {
		case <-freed:
		case <-stop:
			return fmt.Errorf("no memory for %d bytes before the end", n)
		case <-timer.C:
			return fmt.Errorf("no memory for %d bytes within %v: other requests hold it", n, most)
		}
	}
}

// Give gives n bytes back.
func (a *Account) Give(n int) {
	a.mu.Lock()
	back := shared(a.held) - shared(a.held-n)
	a.held -= n
	a.mu.Unlock()
	if back > 0 {
		a.memory.give(a.holder, back)
	}
	if a.memory.waiting.Load() > 0 {
		a.memory.wake()
	}
}

// Left is how many bytes nobody holds, beside the reserves.
func (m *Memory) Left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left
}

// Held is how many bytes the account holds.
func (a *Account) Held() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held
}

// Close ends an account. All that it held was given back.
func (a *Account) Close() {
	m := a.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if a.holder.accounts--; a.holder.accounts == 0 {
		delete(m.peers, a.peer)
	}
}
