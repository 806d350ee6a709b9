package decide

import (
	"container/list"
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

// choicesMost bounds how many choices are remembered.
const choicesMost = 4096

// Choices remembers what was chosen from a menu in front of each machine, for the
// loader that the machine is given by it: that asks what to boot all over again, and
// knows of no choice. It holds a bounded number and forgets the oldest. The zero
// value is ready for use.
type Choices struct {
	mu    sync.Mutex
	byMAC map[boot.MAC]*list.Element
	order list.List // of boot.Client, the latest first
}

// Chose notes the item that a client asks for.
func (c *Choices) Chose(client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byMAC == nil {
		c.byMAC = map[boot.MAC]*list.Element{}
	}
	c.forget(client.MAC)
	c.byMAC[client.MAC] = c.order.PushFront(client)
	if c.order.Len() > choicesMost {
		c.forget(c.order.Back().Value.(boot.Client).MAC)
	}
}

// Begins notes that a program asks for an address, and what to boot. Firmware that
// does, and the program in which the choice was made, begin a new boot, for which
// nothing was chosen.
func (c *Choices) Begins(client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byMAC[client.MAC]
	if !ok {
		return
	}
	chose := e.Value.(boot.Client)
	if client.Loader == boot.ROM || client.Loader == chose.Loader && client.Features == chose.Features {
		c.forget(client.MAC)
	}
}

// Of is the item that was chosen for the boot of a machine; 0 for none.
func (c *Choices) Of(mac boot.MAC) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byMAC[mac]; ok {
		return e.Value.(boot.Client).Item
	}
	return 0
}

// forget is called with mu locked.
func (c *Choices) forget(mac boot.MAC) {
	if e, ok := c.byMAC[mac]; ok {
		c.order.Remove(e)
		delete(c.byMAC, mac)
	}
}
