package resolver

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// Static gives every machine the same payload.
type Static struct {
	Payload boot.Payload
}

// Resolve returns the payload. It never fails.
func (s Static) Resolve(context.Context, boot.Client) (boot.Payload, error) {
	return s.Payload, nil
}

// ignore is the error that keeps Spur silent towards a machine, for a reason.
func ignore(format string, args ...any) error {
	return fmt.Errorf("%w: %w", boot.ErrIgnore, fmt.Errorf(format, args...))
}
