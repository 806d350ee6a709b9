package decide

import (
	"net/netip"
	"sync"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Clients remembers which client took which address and what machines were offered,
// for loaders that ask for files without a sealed name. The zero value is ready for
// use.
type Clients struct {
	// Neighbour tells which machine on our own wire has an address, for those that
	// nobody was seen taking. nil: nobody knows.
	Neighbour func(netip.Addr) (boot.MAC, bool)
	// Board tells of a machine whose request nobody heard whether it is a board that
	// asks by fixed names, by its address on the wire. nil: none is.
	Board func(boot.MAC) (boot.Client, route.Route, bool)

	mu      sync.Mutex
	byAddr  recent[netip.Addr, seen]
	offered recent[boot.MAC, seen]
}

type seen struct {
	client boot.Client
	route  route.Route // the zero value until it is on one
	took   bool        // it was seen taking the address
}

// Saw notes that a client has an address from now on.
func (c *Clients) Saw(addr netip.Addr, client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(addr, seen{client: client, took: true})
}

// On notes that the client that has an address boots by a route. An address that
// another one was seen taking stays that one's.
func (c *Clients) On(addr netip.Addr, client boot.Client, r route.Route) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, _ := c.byAddr.find(addr.Unmap())
	if known.took && known.client.MAC != client.MAC {
		return
	}
	c.note(addr, seen{client, r, known.took})
}

// Offered notes by which route a client was told to boot, and the address that it was
// offered by us with that, if any: some take it without another word, as the ROM of a
// Raspberry Pi 3B does.
func (c *Clients) Offered(addr netip.Addr, client boot.Client, r route.Route) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offered.note(client.MAC, seen{client: client, route: r})
	if r.Unsealed() {
		c.note(addr, seen{client, r, true})
	}
}

// note is called with mu locked.
func (c *Clients) note(addr netip.Addr, s seen) {
	if addr.IsValid() {
		c.byAddr.note(addr.Unmap(), s)
	}
}

// At is the client that has an address.
func (c *Clients) At(addr netip.Addr) (boot.Client, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.byAddr.find(addr.Unmap())
	return at.client, ok
}

// Boot is the client that has an address, and the route by which it boots; false
// where that isn't known. A route whose files have no sealed names is known by the
// machine's last offer too, as nothing that it asks for shows it.
func (c *Clients) Boot(addr netip.Addr) (boot.Client, route.Route, bool) {
	c.mu.Lock()
	at, known := c.byAddr.find(addr.Unmap())
	c.mu.Unlock()
	if at.route.Name != "" {
		return at.client, at.route, true
	}
	mac := at.client.MAC
	if !known {
		if c.Neighbour == nil {
			return boot.Client{}, route.Route{}, false
		}
		if mac, known = c.Neighbour(addr); !known {
			return boot.Client{}, route.Route{}, false
		}
	}
	return c.unsealed(mac)
}

// unsealed is the boot of a machine by a route whose files have no sealed names.
func (c *Clients) unsealed(mac boot.MAC) (boot.Client, route.Route, bool) {
	c.mu.Lock()
	last, ok := c.offered.find(mac)
	c.mu.Unlock()
	if !ok && c.Board != nil {
		return c.Board(mac)
	}
	return last.client, last.route, ok && last.route.Unsealed()
}
