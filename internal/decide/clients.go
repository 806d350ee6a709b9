package decide

import (
	"container/list"
	"net/netip"
	"sync"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
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
	route  route.Route // the zero value until it is on one
	took   bool        // it was seen taking the address
}

// Saw notes that a client has an address from now on.
func (c *Clients) Saw(addr netip.Addr, client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(seen{addr: addr.Unmap(), client: client, took: true})
}

// On notes that the client that has an address boots by a route. An address that
// another one was seen taking stays that one's.
func (c *Clients) On(addr netip.Addr, client boot.Client, r route.Route) {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := false
	if old, ok := c.byAddr[addr.Unmap()]; ok {
		known := old.Value.(seen)
		if took = known.took; took && known.client.MAC != client.MAC {
			return
		}
	}
	c.note(seen{addr.Unmap(), client, r, took})
}

// note is called with mu locked.
func (c *Clients) note(s seen) {
	if !s.addr.IsValid() {
		return
	}
	if c.byAddr == nil {
		c.byAddr = map[netip.Addr]*list.Element{}
	}
	if old, ok := c.byAddr[s.addr]; ok {
		c.order.Remove(old)
	}
	c.byAddr[s.addr] = c.order.PushFront(s)
	if c.order.Len() > clientsMost {
		last := c.order.Remove(c.order.Back()).(seen)
		delete(c.byAddr, last.addr)
	}
}

// At is the client that has an address.
func (c *Clients) At(addr netip.Addr) (boot.Client, bool) {
	at, ok := c.at(addr)
	return at.client, ok
}

// Boot is the client that has an address, and the route by which it boots; false
// where that isn't known.
func (c *Clients) Boot(addr netip.Addr) (boot.Client, route.Route, bool) {
	at, _ := c.at(addr)
	return at.client, at.route, at.route.Name != ""
}

func (c *Clients) at(addr netip.Addr) (seen, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.byAddr[addr.Unmap()]
	if !ok {
		return seen{}, false
	}
	return at.Value.(seen), true
}
