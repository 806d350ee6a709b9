package resolver

import (
	"context"
	"fmt"
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

// onceMost is how many booted machines a Once remembers.
const onceMost = 1 << 16

// Booted remembers machines.
type Booted interface {
	Has(boot.MAC) (bool, error)
	Add(boot.MAC) error
	Count() (int, error)
}

// Once answers a machine until it has booted, and never again. It keeps an
// installer from being started anew when the installed machine still has the
// network first in its boot order.
//
// One boot asks several times (by its ROM, by iPXE, for the script), so only
// Done tells that a machine has booted, not an answer.
type Once struct {
	next boot.Resolver
	most int
	kept Booted
	// unkept are the machines that kept did not take.
	unkept Booted
}

// NewOnce returns a resolver that asks next for machines that have not booted.
// Those that have are remembered in kept, or only as long as the process runs
// where it is nil.
func NewOnce(next boot.Resolver, kept Booted) *Once {
	o := &Once{next: next, most: onceMost, kept: kept, unkept: &memory{done: map[boot.MAC]bool{}}}
	if kept == nil {
		o.kept = o.unkept
	}
	return o
}

// Done marks a machine as booted. After an error it is one until the process
// ends.
func (o *Once) Done(mac boot.MAC) error {
	// A machine that no longer fits is refused all the same: from here on
	// every machine is.
	if full, err := o.full(); full || err != nil {
		return err
	}
	if err := o.kept.Add(mac); err != nil {
		_ = o.unkept.Add(mac) // it is memory
		return fmt.Errorf("that %s has booted once is not written down: %w", mac, err)
	}
	return nil
}

func (o *Once) full() (bool, error) {
	n, err := o.kept.Count()
	return n >= o.most, err
}

// Resolve asks the next resolver, or returns boot.ErrIgnore for a machine that
// has booted.
//
// Forgetting the oldest of too many machines could install it over again, so
// a full memory refuses new machines instead, and so does one that can't be
// read.
func (o *Once) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if err := o.Refuses(c.MAC, "--once"); err != nil {
		return boot.Payload{}, err
	}
	return o.next.Resolve(ctx, c)
}

// Refuses is the error that keeps a machine from booting once more; nil where nothing
// does. by is what wants it so.
func (o *Once) Refuses(mac boot.MAC, by string) error {
	booted, err := o.kept.Has(mac)
	if unkept, _ := o.unkept.Has(mac); unkept {
		booted, err = true, nil
	}
	full := false
	if err == nil && !booted {
		full, err = o.full()
	}
	switch {
	case err != nil:
		return fmt.Errorf("whether %s has booted once can't be read: %w", mac, err)
	case booted:
		return ignore("booted once already; %s keeps Spur silent so that it starts from its disk", by)
	case full:
		return ignore("%s remembers %d booted machines and no more", by, o.most)
	}
	return nil
}

// memory is a Booted that ends with the process.
type memory struct {
	mu   sync.Mutex
	done map[boot.MAC]bool
}

func (m *memory) Has(mac boot.MAC) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.done[mac], nil
}

func (m *memory) Add(mac boot.MAC) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.done) < onceMost {
		m.done[mac] = true
	}
	return nil
}

func (m *memory) Count() (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.done), nil
}
