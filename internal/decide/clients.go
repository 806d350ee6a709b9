package decide

import (
	"container/list"
	"net/netip"
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

// clientsMost bounds how many addresses are remembered.
const clientsMost = 4096

// Clients remembers which client took which address, for loaders that ask for
// files without a sealed name. It holds a bounded number and forgets the one that
// was seen longest ago. The zero value is ready for use.
type Clients struct {
	mu     sync.Mutex
	byAddr map[netip.Addr]*list.Element
	order  list.List // of seen, the latest first
}

type seen struct {
	addr   netip.Addr
	client boot.Client
}

// Saw notes that a client has an address from now on.
func (c *Clients) Saw(addr netip.Addr, client boot.Client) {
	if addr = addr.Unmap(); !addr.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byAddr == nil {
		c.byAddr = map[netip.Addr]*list.Element{}
	}
	if old, ok := c.byAddr[addr]; ok {
		c.order.Remove(old)
	}
	c.byAddr[addr] = c.order.PushFront(seen{addr, client})
	if c.order.Len() > clientsMost {
		last := c.order.Remove(c.order.Back()).(seen)
		delete(c.byAddr, last.addr)
	}
}

// At is the client that has an address.
func (c *Clients) At(addr netip.Addr) (boot.Client, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.byAddr[addr.Unmap()]
	if !ok {
		return boot.Client{}, false
	}
	return at.Value.(seen).client, true
}
