package resolver

import (
	"context"

	"github.com/spurboot/spur/internal/boot"
)

// ByItem gives each machine the payload of the item that was chosen from a menu in
// front of it, and Payload where none was.
type ByItem struct {
	Payload boot.Payload
	Items   map[uint16]boot.Payload
}

// Resolve returns the payload. It never fails.
func (s ByItem) Resolve(_ context.Context, c boot.Client) (boot.Payload, error) {
	if p, ok := s.Items[c.Item]; ok {
		return p, nil
	}
	return s.Payload, nil
}
