package resolver

import (
	"context"
	"sync"

	"github.com/spurboot/spur/internal/boot"
)

// onceMost is how many booted machines a Once remembers.
const onceMost = 1 << 16

// Once answers a machine until it has booted, and never again. It keeps an
// installer from being started anew when the installed machine still has the
// network first in its boot order.
//
// One boot asks several times (by its ROM, by iPXE, for the script), so only
// Done tells that a machine has booted, not an answer.
type Once struct {
	next boot.Resolver
	most int

	mu   sync.Mutex
	done map[boot.MAC]bool
}

// NewOnce returns a resolver that asks next for machines that have not booted.
func NewOnce(next boot.Resolver) *Once {
	return &Once{next: next, most: onceMost, done: make(map[boot.MAC]bool)}
}

// Done marks a machine as booted.
func (o *Once) Done(mac boot.MAC) {
	o.mu.Lock()
	defer o.mu.Unlock()
	// A machine that no longer fits is refused all the same: from here on
	// every machine is.
	if len(o.done) < o.most {
		o.done[mac] = true
	}
}

// Resolve asks the next resolver, or returns boot.ErrIgnore for a machine that
// has booted.
//
// Forgetting the oldest of too many machines could install it over again, so
// a full memory refuses new machines instead.
func (o *Once) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	o.mu.Lock()
	booted, full := o.done[c.MAC], len(o.done) >= o.most
	o.mu.Unlock()
	switch {
	case booted:
		return boot.Payload{}, ignore("booted once already; --once keeps Spur silent so that it starts from its disk")
	case full:
		return boot.Payload{}, ignore("--once remembers %d booted machines and no more; restart Spur to boot others", o.most)
	}
	return o.next.Resolve(ctx, c)
}
