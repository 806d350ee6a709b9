package share

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

func addr(last byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, last}) }

// fill takes pieces until there are no more, and returns how many it got.
func fill(a *Account, piece int) (n int) {
	for a.Try(piece) {
		n++
	}
	return n
}

// TestShares: each address gets as much as it leaves for the others, by how many
// accounts ever, and who comes later finds some.
func TestShares(t *testing.T) {
	const total, piece = 120 << 20, 1 << 20
	m := NewMemory(total)
	first, also := m.Open(addr(1), total), m.Open(addr(1), total)
	if n := fill(first, piece) + fill(also, piece); n != 60 {
		t.Errorf("one address got %d of 120", n)
	}
	second := m.Open(addr(2), total)
	if n := fill(second, piece); n != 30 {
		t.Errorf("the second address got %d, beside 60 of 120 that the first holds", n)
	}
	first.Give(20 * piece)
	if n := fill(second, piece); n != 10 {
		t.Errorf("the second address got %d more, of 20 given back", n)
	}
	if fill(first, piece) != 0 || fill(also, piece) != 0 {
		t.Error("the first address got more, though it holds more than is left")
	}
	for i := range byte(100) {
		if a := m.Open(addr(100+i), total); !a.Try(Reserve) {
			t.Error("an account doesn't have its reserve")
		}
	}
}

// TestReserve: what is the account's own comes from nobody, and all comes back.
func TestReserve(t *testing.T) {
	m := NewMemory(4 << 20)
	a := m.Open(addr(1), 4<<20)
	for range 3 {
		if !a.Try(Reserve/2) || m.left != 4<<20 {
			t.Fatalf("%d are left for the others", m.left)
		}
		if !a.Try(Reserve) || m.left != 4<<20-Reserve/2 {
			t.Fatalf("%d are left for the others", m.left)
		}
		a.Give(Reserve)
		a.Give(Reserve / 2)
	}
	if a.Try(4<<20 + 1) {
		t.Error("an account holds more than it may")
	}
	if a.Close(); m.left != 4<<20 || len(m.peers) != 0 {
		t.Errorf("%d are left, %d peers", m.left, len(m.peers))
	}
}

// TestTake: who waits gets what others give back, gives up after a while, and
// when it is told to.
func TestTake(t *testing.T) {
	m := NewMemory(4 << 20)
	a, b := m.Open(addr(1), 4<<20), m.Open(addr(2), 4<<20)
	if !a.Try(2 << 20) {
		t.Fatal("nothing for the first")
	}
	got := make(chan error)
	go func() { got <- b.Take(2<<20, time.Hour, nil) }()
	for m.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	a.Give(2 << 20)
	if err := <-got; err != nil {
		t.Error(err)
	}
	if err := a.Take(2<<20, time.Millisecond, nil); err == nil {
		t.Error("there is more than all")
	}
	stop := make(chan struct{})
	close(stop)
	if err := a.Take(2<<20, time.Hour, stop); err == nil {
		t.Error("who is told to stop gets more than all")
	}
}

// TestCrowd: many that take and give at the same time all get on, never hold more
// than there is, and leave nothing.
func TestCrowd(t *testing.T) {
	const total = 8 << 20
	m := NewMemory(total)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			a := m.Open(addr(byte(i%5)), total)
			defer a.Close()
			for range 100 {
				if err := a.Take(1<<20, time.Minute, nil); err != nil {
					t.Error(err)
					return
				}
				if m.mu.Lock(); m.left < 0 {
					t.Error("more is held than there is")
				}
				m.mu.Unlock()
				a.Give(1 << 20)
			}
		})
	}
	wg.Wait()
	if m.left != total || len(m.peers) != 0 {
		t.Errorf("%d of %d are left, %d peers", m.left, total, len(m.peers))
	}
}

func TestPlaces(t *testing.T) {
	p := Places{Total: 5, PerPeer: 3}
	enter := func(last byte, want bool) *Place {
		t.Helper()
		place, err := p.Enter(addr(last), func() { t.Errorf("one of address %d gives way", last) })
		if (err == nil) != want {
			t.Errorf("address %d: %v", last, err)
		}
		return place
	}
	var first *Place
	for range 3 {
		first = enter(1, true)
	}
	enter(1, false)
	first.Leave()
	enter(2, true)
	third := enter(3, true)
	enter(4, true)
	third.Leave()
	enter(1, true)
	if Half(1) != 1 || Half(1024) != 512 {
		t.Error("half is wrong")
	}
}

// TestGiveWay: thirty addresses that take all places keep out nobody who takes fewer than
// each of them, drive nobody out by coming again, and there are never more than so many.
func TestGiveWay(t *testing.T) {
	p := Places{Total: 1024, PerPeer: 512}
	gave := map[byte]int{}
	enter := func(last byte) (*Place, error) {
		var place *Place
		place, err := p.Enter(addr(last), func() { gave[last]++ })
		return place, err
	}
	greedy := func() {
		for range 60 {
			for last := range byte(30) {
				_, _ = enter(last)
			}
		}
	}
	greedy()
	honest, err := enter(100)
	if err != nil {
		t.Fatal(err)
	}
	if greedy(); gave[100] > 0 {
		t.Error("a peer with one place is driven out")
	}
	honest.Leave()
	for last := byte(101); last < 101+endingMost; last++ {
		_, _ = enter(last)
	}
	if _, err := enter(200); err == nil || p.taken != 1024 || p.ending != endingMost {
		t.Errorf("%d places are taken, %d end: %v", p.taken, p.ending, err)
	}
}

// TestGivenWay: who gave way leaves, and then another one may.
func TestGivenWay(t *testing.T) {
	p := Places{Total: 3, PerPeer: 3}
	var all []*Place
	ended := -1
	for i := range 3 {
		place, err := p.Enter(addr(1), func() { ended = i })
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, place)
	}
	if _, err := p.Enter(addr(2), nil); err != nil || ended != 2 {
		t.Errorf("number %d ends, not the newest: %v", ended, err)
	}
	if _, err := p.Enter(addr(2), nil); err == nil {
		t.Error("an address drives out one that has as much then")
	}
	for _, place := range all {
		place.Leave()
	}
	if p.taken != 1 || p.ending != 0 || len(p.peers) != 1 {
		t.Errorf("%d are taken, %d end", p.taken, p.ending)
	}
}

// halfOpen is a connection of an address.
type halfOpen struct {
	net.Conn
	from   byte
	closed bool
}

func (c *halfOpen) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, c.from)} }

func (c *halfOpen) Close() error {
	c.closed = true
	return nil
}

// TestHalfOpen: one too many closes the oldest of the address that has most.
func TestHalfOpen(t *testing.T) {
	for _, c := range []struct {
		from   []byte
		closed int
	}{{[]byte{1}, 0}, {[]byte{1, 2, 3}, 0}, {[]byte{1, 2, 3, 2}, 1}, {[]byte{1, 2, 2, 1, 3, 3, 3}, 4}} {
		h := HalfOpen{Most: len(c.from)}
		all := make([]*halfOpen, len(c.from)+1)
		for i, from := range append(c.from, 9) {
			all[i] = &halfOpen{from: from}
			h.Enter(all[i])
		}
		for i, nc := range all {
			if nc.closed != (i == c.closed) {
				t.Errorf("of %v number %d is closed: %t", c.from, i, nc.closed)
			}
		}
		h.Leave(all[len(c.from)])
		if h.Enter(&halfOpen{from: 8}); h.Len() != h.Most {
			t.Errorf("%d of %d places are taken", h.Len(), h.Most)
		}
	}
}

// TestHalfOpenAgain: who comes again and again drives out nobody else.
func TestHalfOpenAgain(t *testing.T) {
	h := HalfOpen{Most: 8}
	honest := &halfOpen{from: 2}
	h.Enter(honest)
	for range 100 {
		h.Enter(&halfOpen{from: 1})
	}
	if honest.closed || h.Len() != 8 {
		t.Errorf("driven out: %t; %d are half open", honest.closed, h.Len())
	}
}

func TestPeerOf(t *testing.T) {
	mapped := &net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.7"), Port: 1}
	if got := []netip.Addr{PeerOf(mapped), PeerOf(&net.UnixAddr{}), PeerOf(nil)}; !slices.Equal(got, []netip.Addr{addr(7), {}, {}}) {
		t.Error(got)
	}
}

// BenchmarkOwn and BenchmarkShared: what a request costs that the reserve has
// room for, and one that it hasn't.
func BenchmarkOwn(b *testing.B)    { benchmark(b, 4096) }
func BenchmarkShared(b *testing.B) { benchmark(b, 128<<10) }

func benchmark(b *testing.B, n int) {
	a := NewMemory(64<<20).Open(addr(1), 64<<20)
	for b.Loop() {
		a.Try(n)
		a.Give(n)
	}
}
