package san

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

// AoEAddresses are addresses on an Ethernet interface: Count of them, in slots
// that follow each other.
type AoEAddresses struct {
	Interface string
	Shelf     uint16
	Slot      uint8
	Count     int
}

// Reserve takes the addresses, and refuses those at which somebody serves
// already: initiators would take both for one disk. release gives them back.
func (a AoEAddresses) Reserve(ctx context.Context) (release func(), err error) {
	var held []net.Listener
	release = func() {
		for _, l := range held {
			_ = l.Close()
		}
	}
	for i := range a.Count {
		l, err := a.reserveOnHost(ctx, a.Slot+uint8(i))
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, l)
	}
	if err := a.askOthers(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// reserveOnHost takes an address from the other Spurs of this host, which don't
// hear what is sent by their own interface. Names of abstract sockets belong to
// the network namespace, as interfaces do (unix(7)).
func (a AoEAddresses) reserveOnHost(ctx context.Context, slot uint8) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", fmt.Sprintf("@spur-aoe-%s-e%d.%d", a.Interface, a.Shelf, slot))
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, a.inUse(slot, "another spur of this host")
	}
	if err != nil {
		return nil, fmt.Errorf("reserve e%d.%d on %s: %w", a.Shelf, slot, a.Interface, err)
	}
	return l, nil
}

// askOthers asks whether another host answers for one of the addresses.
func (a AoEAddresses) askOthers(ctx context.Context) error {
	link, err := OpenAoE(a.Interface)
	if err != nil {
		return err
	}
	defer link.Close()
	asking, done := context.WithTimeout(ctx, askFor)
	defer done()
	found, err := aoe.Discover(asking, link, a.Shelf)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Slot >= a.Slot && int(f.Slot) < int(a.Slot)+a.Count {
			return a.inUse(f.Slot, f.From.String())
		}
	}
	return nil
}

func (a AoEAddresses) inUse(slot uint8, by string) error {
	return advice.New(fmt.Sprintf("e%d.%d on %s is served already, by %s", a.Shelf, slot, a.Interface, by),
		"machines would take both for one disk, and destroy it: choose another --shelf or --slot")
}

// OpenAoE opens an interface.
func OpenAoE(name string) (*aoe.Interface, error) {
	link, err := aoe.Open(name)
	if err != nil {
		return nil, advice.Wrap(err, "ip link lists interfaces; AoE needs an Ethernet one, and root")
	}
	return link, nil
}
