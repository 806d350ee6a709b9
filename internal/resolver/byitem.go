package resolver

import (
	"context"

	"github.com/spurboot/spur/internal/boot"
)

// ByItem gives each machine what the item has for it that was chosen from a menu in front
// of it, and what Otherwise has where none was.
type ByItem struct {
	Otherwise boot.Resolver
	Items     map[uint16]boot.Resolver
}

// Resolve returns the payload.
func (s ByItem) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if r, ok := s.Items[c.Item]; ok {
		return r.Resolve(ctx, c)
	}
	return s.Otherwise.Resolve(ctx, c)
}
