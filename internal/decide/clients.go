package decide

import (
	"net/netip"
	"slices"
	"sync"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// addrMost bounds how many senders are remembered that took one address.
const addrMost = 4

// Clients remembers which client took which address and what machines were offered,
// for loaders that ask for files without a sealed name. Anybody can send a packet that
// says that he takes an address, in his own name or a machine's. So several may have
// taken one, and the neighbour table tells whose it is when somebody asks for a file.
// The zero value is ready for use.
type Clients struct {
	// Neighbour tells which machine on our own wire has an address. nil: nobody knows.
	Neighbour func(netip.Addr) (boot.MAC, bool)
	// Router tells by which router an address is reached that is not on our wire. nil:
	// nobody knows.
	Router func(netip.Addr) (netip.Addr, bool)
	// Board tells of a machine whose request nobody heard whether it is a board that
	// asks by fixed names, by its address on the wire. nil: none is.
	Board func(boot.MAC) (boot.Client, route.Route, bool)

	mu      sync.Mutex
	byAddr  recent[place, seen]
	senders map[netip.Addr][]boot.MAC // of the places of an address, the latest last
	offered recent[origin, seen]
}

// place is an address as a sender's packet took it; sender is the zero value where
// somebody fetches from there by a sealed name and nobody was heard taking it.
type place struct {
	addr   netip.Addr
	sender boot.MAC
}

// origin is a machine as its packets come to us.
type origin struct{ mac, sender boot.MAC }

func originOf(c boot.Client) origin { return origin{c.MAC, senderOf(c)} }

// senderOf is the sender of a client's packets, which is the client itself where none
// was shown.
func senderOf(c boot.Client) boot.MAC {
	if c.Sender == (boot.MAC{}) {
		return c.MAC
	}
	return c.Sender
}

type seen struct {
	client boot.Client
	route  route.Route // the zero value until it is on one
}

// Saw notes that a client has an address from now on.
func (c *Clients) Saw(addr netip.Addr, client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(addr, senderOf(client), seen{client: client})
}

// On notes that the client that has an address boots by a route. What another one was
// seen taking is its own only if the neighbour table says so.
func (c *Clients) On(addr netip.Addr, client boot.Client, r route.Route) {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := false
	for _, sender := range slices.Clone(c.senders[addr.Unmap()]) {
		if s, _ := c.byAddr.find(place{addr.Unmap(), sender}); sender != (boot.MAC{}) && s.client.MAC == client.MAC {
			client.Sender = s.client.Sender
			c.note(addr, sender, seen{client, r})
			took = true
		}
	}
	if !took {
		c.note(addr, boot.MAC{}, seen{client, r})
	}
}

// Offered notes by which route a client was told to boot, and the address that it was
// offered by us with that, if any: some take it without another word, as the ROM of a
// Raspberry Pi 3B does.
func (c *Clients) Offered(addr netip.Addr, client boot.Client, r route.Route) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offered.note(originOf(client), senderOf(client), seen{client, r})
	if r.Unsealed() {
		c.note(addr, senderOf(client), seen{client, r})
	}
}

// note is called with mu locked.
func (c *Clients) note(addr netip.Addr, sender boot.MAC, s seen) {
	if !addr.IsValid() {
		return
	}
	if c.senders == nil {
		c.senders = map[netip.Addr][]boot.MAC{}
		c.byAddr.forgot = c.forgot
	}
	at := place{addr.Unmap(), sender}
	c.byAddr.forget(at)
	if all := c.senders[at.addr]; len(all) == addrMost {
		c.byAddr.forget(place{at.addr, all[0]})
	}
	by := sender
	if by == (boot.MAC{}) {
		by = s.client.MAC
	}
	c.byAddr.note(at, by, s)
	c.senders[at.addr] = append(c.senders[at.addr], sender)
}

// forgot is called with mu locked.
func (c *Clients) forgot(at place) {
	left := slices.DeleteFunc(c.senders[at.addr], func(s boot.MAC) bool { return s == at.sender })
	if c.senders[at.addr] = left; len(left) == 0 {
		delete(c.senders, at.addr)
	}
}

// IsAt tells whether a client is known to have an address.
func (c *Clients) IsAt(addr netip.Addr, client boot.Client) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc([]boot.MAC{senderOf(client), {}}, func(sender boot.MAC) bool {
		s, ok := c.byAddr.find(place{addr.Unmap(), sender})
		return ok && s.client.MAC == client.MAC
	})
}

// At is the client that has an address.
func (c *Clients) At(addr netip.Addr) (boot.Client, bool) {
	at, ok, _ := c.at(addr)
	return at.client, ok
}

// at is who has an address, and the machine on our wire that answers for it. Where that
// is nobody of those that took it, as with some bridges, it is the latest of them that
// was heard.
func (c *Clients) at(addr netip.Addr) (at seen, ok bool, neighbour boot.MAC) {
	addr = addr.Unmap()
	neighbour = c.neighbour(addr)
	by := neighbour
	if by == (boot.MAC{}) && c.Router != nil && c.several(addr) {
		if router, ok := c.Router(addr); ok {
			by = c.neighbour(router)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	best := 0
	for _, sender := range c.senders[addr] {
		s, _ := c.byAddr.find(place{addr, sender})
		if worth := s.worth(sender, by); worth >= best {
			at, best = s, worth
		}
	}
	return at, best > 0, neighbour
}

// worth ranks what is known of an address: what came from the one that answers for it,
// then what was heard, then what somebody fetches from there.
func (s seen) worth(sender, answers boot.MAC) int {
	switch heard := sender != (boot.MAC{}); {
	case answers != (boot.MAC{}) && (sender == answers || !heard && s.client.MAC == answers):
		return 3
	case heard:
		return 2
	}
	return 1
}

func (c *Clients) neighbour(addr netip.Addr) boot.MAC {
	if c.Neighbour == nil {
		return boot.MAC{}
	}
	if mac, ok := c.Neighbour(addr); ok {
		return mac
	}
	return boot.MAC{}
}

func (c *Clients) several(addr netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.senders[addr]) > 1
}

// Boot is the client that has an address, and the route by which it boots; false
// where that isn't known. A route whose files have no sealed names is known by the
// machine's last offer too, as nothing that it asks for shows it.
func (c *Clients) Boot(addr netip.Addr) (boot.Client, route.Route, bool) {
	at, known, neighbour := c.at(addr)
	if at.route.Name != "" {
		return at.client, at.route, true
	}
	if known {
		if client, r, ok := c.unsealed(originOf(at.client)); ok {
			return client, r, true
		}
	}
	if neighbour == (boot.MAC{}) || known && senderOf(at.client) == neighbour {
		return boot.Client{}, route.Route{}, false
	}
	return c.unsealed(origin{neighbour, neighbour})
}

// unsealed is the boot of a machine by a route whose files have no sealed names.
func (c *Clients) unsealed(o origin) (boot.Client, route.Route, bool) {
	c.mu.Lock()
	last, ok := c.offered.find(o)
	c.mu.Unlock()
	if !ok && c.Board != nil {
		return c.Board(o.mac)
	}
	return last.client, last.route, ok && last.route.Unsealed()
}
