package dhcp6

import (
	"net"
	"sync"
)

// maxCards bounds the clients of which the card is remembered.
const maxCards = 1024

// cards remembers which card a client last asked from, where a packet showed it.
// On port 4011 edk2 asks from its new address and with a DUID that may be a UUID:
// neither tells.
type cards struct {
	mu     sync.Mutex
	byDUID map[string]net.HardwareAddr
	age    []string // of byDUID, the oldest first
}

// of is the card that a packet shows, else the one remembered, or nil.
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
		return known
	}
	if !ok {
		c.makeRoom()
		c.age = append(c.age, key)
	}
	c.byDUID[key] = shown
	return shown
}

func (c *cards) makeRoom() {
	if c.byDUID == nil {
		c.byDUID = map[string]net.HardwareAddr{}
	}
	if len(c.age) == maxCards {
		delete(c.byDUID, c.age[0])
		c.age = append(c.age[:0], c.age[1:]...)
	}
}
