package resolver

import (
	"context"

	"github.com/spurboot/spur/internal/boot"
)

// ByArch gives machines whose firmware is of some architectures a payload of
// their own, and every other machine Payload.
type ByArch struct {
	Payload boot.Payload
	For     map[boot.Arch]boot.Payload
}

// Resolve returns the payload. It never fails.
func (s ByArch) Resolve(_ context.Context, c boot.Client) (boot.Payload, error) {
	if p, ok := s.For[c.FirmwareArch()]; ok {
		return p, nil
	}
	return s.Payload, nil
}
