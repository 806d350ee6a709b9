package decide

import (
	"container/list"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

const (
	// choicesMost bounds how many choices are remembered.
	choicesMost = 4096
	// choiceLasts is how long a choice holds for programs that know of none: longer
	// than a person looks at a menu.
	choiceLasts = time.Hour
)

// Choices remembers what was chosen from a menu in front of each machine, for the
// programs that come after the one that showed it: the loader that the machine is given
// by it, and the firmware's next boot options. They ask what to boot all over again, and
// know of no choice. It holds a bounded number and forgets the oldest. The zero value is
// ready for use.
type Choices struct {
	mu    sync.Mutex
	byMAC map[boot.MAC]*list.Element
	order list.List // of choice, the latest first
}

// choice is what a client was shown at a time, and, with an item, chose.
type choice struct {
	client boot.Client
	at     time.Time
}

// Shown notes that a client is let choose between items of ours and of others. Until
// it comes for one of ours it may have chosen another's.
func (c *Choices) Shown(client boot.Client, now time.Time) {
	client.Item = 0
	c.note(choice{client, now})
}

// Chose notes the item that a client asks for.
func (c *Choices) Chose(client boot.Client, now time.Time) { c.note(choice{client, now}) }

func (c *Choices) note(made choice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byMAC == nil {
		c.byMAC = map[boot.MAC]*list.Element{}
	}
	c.forget(made.client.MAC)
	c.byMAC[made.client.MAC] = c.order.PushFront(made)
	if c.order.Len() > choicesMost {
		c.forget(c.order.Back().Value.(choice).client.MAC)
	}
}

// Begins notes that a program asks for an address, and what to boot. A ROM that shows
// menus, and the program in which the choice was made, begin a new boot, for which
// nothing was chosen.
func (c *Choices) Begins(client boot.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byMAC[client.MAC]
	if !ok || !ShowsMenus(client) {
		return
	}
	chose := e.Value.(choice).client
	if client.Loader == boot.ROM || client.Loader == chose.Loader && client.Features == chose.Features {
		c.forget(client.MAC)
	}
}

// Of is the item that was chosen for the boot of a machine; 0 for none. Left: it was let
// choose between items of ours and of others, and came for none of ours.
func (c *Choices) Of(mac boot.MAC, now time.Time) (item uint16, left bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byMAC[mac]
	if !ok || now.Sub(e.Value.(choice).at) > choiceLasts {
		return 0, false
	}
	item = e.Value.(choice).client.Item
	return item, item == 0
}

// forget is called with mu locked.
func (c *Choices) forget(mac boot.MAC) {
	if e, ok := c.byMAC[mac]; ok {
		c.order.Remove(e)
		delete(c.byMAC, mac)
	}
}
