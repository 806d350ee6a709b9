package dhcp6

import (
	"bytes"
	"net"
	"slices"
	"sync"
)

// maxCards bounds the clients of which the card is remembered.
const maxCards = 1024

// cardsOfOne bounds the cards of one client: anybody can send its DUID.
const cardsOfOne = 4

// cards remembers from which cards a client asked, where a packet showed it. On port
// 4011 edk2 asks from its new address and with a DUID that may be a UUID: neither tells.
type cards struct {
	mu     sync.Mutex
	byDUID map[string][]net.HardwareAddr // the latest last
	age    []string                      // of byDUID, the oldest first
}

// of is the card that a packet shows, else of those remembered the one that sent it, or
// the latest; or nil.
func (c *cards) of(p Packet) net.HardwareAddr {
	id := p.Message.Options.ClientID()
	shown := cardOf(p)
	if id == nil {
		return shown
	}
	key := string(id.ToBytes())
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.byDUID[key]
	if shown == nil {
		return among(known, p.Sender)
	}
	if !ok {
		c.makeRoom()
		c.age = append(c.age, key)
	}
	known = slices.DeleteFunc(known, func(k net.HardwareAddr) bool { return bytes.Equal(k, shown) })
	c.byDUID[key] = append(known[max(0, len(known)+1-cardsOfOne):], shown)
	return shown
}

// among is the card of a sender, else the last, or nil.
func among(known []net.HardwareAddr, sender net.HardwareAddr) net.HardwareAddr {
	switch {
	case len(known) == 0:
		return nil
	case slices.ContainsFunc(known, func(k net.HardwareAddr) bool { return bytes.Equal(k, sender) }):
		return sender
	}
	return known[len(known)-1]
}

func (c *cards) makeRoom() {
	if c.byDUID == nil {
		c.byDUID = map[string][]net.HardwareAddr{}
	}
	if len(c.age) == maxCards {
		delete(c.byDUID, c.age[0])
		c.age = append(c.age[:0], c.age[1:]...)
	}
}
