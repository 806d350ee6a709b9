package resolver

import (
	"context"

	"github.com/spurboot/spur/internal/boot"
)

// AllowList answers none but the machines that were named.
type AllowList struct {
	next    boot.Resolver
	allowed map[boot.MAC]bool
}

// NewAllowList returns a resolver that asks next for the machines in macs and
// ignores every other. An empty list ignores all.
func NewAllowList(next boot.Resolver, macs []boot.MAC) *AllowList {
	named := make(map[boot.MAC]bool, len(macs))
	for _, mac := range macs {
		named[mac] = true
	}
	return &AllowList{next: next, allowed: named}
}

// Resolve asks the next resolver, or returns boot.ErrIgnore.
func (o *AllowList) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if !o.allowed[c.MAC] {
		return boot.Payload{}, ignore("%s is not among the machines named by --only", c.MAC)
	}
	return o.next.Resolve(ctx, c)
}
