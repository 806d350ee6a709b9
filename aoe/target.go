package aoe

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/handoff"
)

// A Target is a disk with an address. Its fields are not changed once it is
// served; it is served by one Server at a time.
type Target struct {
	// Shelf, 0 to 65534, and Slot, 0 to 254, are the address (major, minor).
	Shelf  uint16
	Slot   uint8
	Device block.Device
	// Serial, at most 20 characters, and Model, at most 40, are what
	// IDENTIFY DEVICE says. Without them they are made from the address.
	Serial, Model string

	hooks  *Hooks
	bounds Bounds
	queue  queue
	// How long the device takes.
	reads, writes handoff.Latency
	late          atomic.Bool // a flush failed that no FLUSH CACHE asked for

	dirty   atomic.Int64  // bytes written that may not be durable
	full    chan struct{} // there are many of those
	syncing sync.Mutex

	mu       sync.Mutex // guards what follows
	config   []byte
	masks    []MAC
	reserved []MAC
}

// Address is the target's address as people write it, such as "e1.2".
func (t *Target) Address() string { return fmt.Sprintf("e%d.%d", t.Shelf, t.Slot) }

// prepare makes a target ready to be served.
func (t *Target) prepare(h *Hooks, b Bounds) error {
	switch {
	case t.Shelf == AnyShelf || t.Slot == AnySlot:
		return fmt.Errorf("target %s has a broadcast address: give it a shelf below 65535 and a slot below 255", t.Address())
	case t.Device == nil:
		return fmt.Errorf("target %s has no device", t.Address())
	case t.Device.Size()%sector != 0:
		return fmt.Errorf("target %s: its size of %d bytes is no multiple of %d: its last bytes could not be reached", t.Address(), t.Device.Size(), sector)
	}
	if t.Serial == "" {
		t.Serial = fmt.Sprintf("AOE%05d%03d", t.Shelf, t.Slot)
	}
	if t.Model == "" {
		t.Model = "AoE disk " + t.Address()
	}
	t.hooks, t.bounds = h, b
	t.queue.open(b.Buffers)
	t.full = make(chan struct{}, 1)
	return nil
}

func (t *Target) trims() bool {
	c := t.Device.Caps()
	return c.Trim && !c.ReadOnly
}
