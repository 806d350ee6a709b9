package resolver

import (
	"context"

	"github.com/spurboot/spur/internal/boot"
)

// Only answers none but the machines that were named.
type Only struct {
	next  boot.Resolver
	named map[boot.MAC]bool
}

// NewOnly returns a resolver that asks next for the machines in macs and
// ignores every other. An empty list ignores all.
func NewOnly(next boot.Resolver, macs []boot.MAC) *Only {
	named := make(map[boot.MAC]bool, len(macs))
	for _, mac := range macs {
		named[mac] = true
	}
	return &Only{next: next, named: named}
}

// Resolve asks the next resolver, or returns boot.ErrIgnore.
func (o *Only) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if !o.named[c.MAC] {
		return boot.Payload{}, ignore("%s is not among the machines named by --only", c.MAC)
	}
	return o.next.Resolve(ctx, c)
}
