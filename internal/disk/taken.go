package disk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/internal/advice"
)

// askFor is how long others have to answer for an AoE address.
const askFor = time.Second

// claimAoE refuses AoE addresses at which somebody serves already: initiators
// would take both for one disk. giveUp frees them.
func (c *Config) claimAoE(ctx context.Context) (giveUp func(), err error) {
	var held []net.Listener
	giveUp = func() {
		for _, l := range held {
			_ = l.Close()
		}
	}
	for i := range c.Files {
		l, err := c.claimHere(ctx, c.Slot+uint8(i))
		if err != nil {
			giveUp()
			return nil, err
		}
		held = append(held, l)
	}
	if err := c.askWire(ctx); err != nil {
		giveUp()
		return nil, err
	}
	return giveUp, nil
}

// claimHere takes an address from the other Spurs of this host, which don't hear
// what is sent by their own interface. Names of abstract sockets belong to the
// network namespace, as interfaces do (unix(7)).
func (c *Config) claimHere(ctx context.Context, slot uint8) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", fmt.Sprintf("@spur-aoe-%s-e%d.%d", c.Interface, c.Shelf, slot))
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, c.taken(slot, "another spur of this host")
	}
	if err != nil {
		return nil, fmt.Errorf("claim e%d.%d on %s: %w", c.Shelf, slot, c.Interface, err)
	}
	return l, nil
}

// askWire asks whether another host answers for one of the addresses.
func (c *Config) askWire(ctx context.Context) error {
	link, err := aoe.Open(c.Interface)
	if err != nil {
		return explainAoE(err)
	}
	defer link.Close()
	asking, done := context.WithTimeout(ctx, askFor)
	defer done()
	found, err := aoe.Discover(asking, link, c.Shelf)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Slot >= c.Slot && int(f.Slot) < int(c.Slot)+len(c.Files) {
			return c.taken(f.Slot, f.From.String())
		}
	}
	return nil
}

func (c *Config) taken(slot uint8, by string) error {
	return advice.New(fmt.Sprintf("e%d.%d on %s is served already, by %s", c.Shelf, slot, c.Interface, by),
		"machines would take both for one disk, and destroy it: choose another --shelf or --slot")
}

func explainAoE(err error) error {
	return advice.Wrap(err, "ip link lists interfaces; AoE needs an Ethernet one, and root")
}
