package tftp

import (
	"net/netip"
	"sync"
)

// A transferTable holds the running transfers by their clients' addresses.
type transferTable struct {
	most  int // transfers
	share int // of one peer

	mu      sync.Mutex
	running map[netip.AddrPort]*transfer
	peers   map[netip.Addr]int // how many of them a peer has
	count   int                // running ones, and those that lost their place and are still ending
	entered uint64             // transfers admitted so far
}

// newTransferTable bounds them; without a share a peer may have a quarter.
func newTransferTable(most, share int) *transferTable {
	if share <= 0 {
		share = max(1, most/4)
	}
	return &transferTable{most: most, share: share, running: map[netip.AddrPort]*transfer{}, peers: map[netip.Addr]int{}}
}

type entry int

const (
	isNew entry = iota
	isDuplicate
	isFull
	isGreedy // the peer has its share
)

// enter admits a transfer. A client that repeats its request has a transfer
// already, which is returned: one request, one transfer (RFC 1123 section
// 4.2.3.1 in spirit).
//
// Quirk: ROMs use one source port for everything. A different request from
// the port of a running transfer, or the same one when that transfer has run
// into a timeout (the machine was reset), means that the client has forgotten
// it: the new one takes its place.
func (t *transferTable) enter(x *transfer) (entry, *transfer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.running[x.request.Remote]
	if old != nil && old.request.same(x.request) && !old.silent.Load() {
		return isDuplicate, old
	}
	if t.count >= 2*t.most {
		return isFull, nil
	}
	if old != nil {
		t.end(old, ErrReplaced)
	} else if refusal := t.makeRoom(peerOf(x)); refusal != isNew {
		return refusal, nil
	}
	t.entered++
	x.number = t.entered
	t.running[x.request.Remote] = x
	t.peers[peerOf(x)]++
	t.count++
	return isNew, nil
}

// makeRoom sees to it that a peer can have one more transfer. Clients that may
// not be there give way, the oldest first: their requests may have been forged.
func (t *transferTable) makeRoom(peer netip.Addr) entry {
	full, greedy := len(t.running) >= t.most, t.peers[peer] >= t.share
	if !full && !greedy {
		return isNew
	}
	var oldest *transfer
	for _, x := range t.running {
		if x.waits() && (!greedy || peerOf(x) == peer) && (oldest == nil || x.number < oldest.number) {
			oldest = x
		}
	}
	switch {
	case oldest != nil:
		t.end(oldest, ErrGaveWay)
		return isNew
	case full:
		return isFull
	}
	return isGreedy
}

// end takes the place of a transfer away.
func (t *transferTable) end(x *transfer, why error) {
	t.forget(x)
	x.cancel(why)
}

func (t *transferTable) forget(x *transfer) {
	delete(t.running, x.request.Remote)
	peer := peerOf(x)
	if t.peers[peer]--; t.peers[peer] == 0 {
		delete(t.peers, peer)
	}
}

func (t *transferTable) leave(x *transfer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count--
	if t.running[x.request.Remote] == x {
		t.forget(x)
	}
}

// deliver hands a packet to the transfer of that client, for single-port mode.
func (t *transferTable) deliver(remote netip.AddrPort, packet []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.running[remote]
	if x == nil {
		return false
	}
	x.out.deliver(packet)
	return true
}

// peerOf is what a transfer's share goes by. Whoever has an IPv6 address has
// the whole network of 64 bits that it is in (RFC 4291 section 2.5.1); all
// machines of a wire have the same one where addresses are link-local.
func peerOf(x *transfer) netip.Addr {
	a := x.request.Remote.Addr()
	if !a.Is6() || a.IsLinkLocalUnicast() {
		return a
	}
	network, _ := a.WithZone("").Prefix(64) // an IPv6 address has 128 bits
	return network.Addr()
}
