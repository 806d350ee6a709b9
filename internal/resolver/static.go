package resolver

import (
	"context"
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Static gives every machine the same payload.
type Static struct {
	Payload boot.Payload
}

// Resolve returns the payload. It never fails.
func (s Static) Resolve(context.Context, boot.Client) (boot.Payload, error) {
	return own(s.Payload), nil
}

// own returns a payload that shares no memory with p which an append could
// write to: p goes to several machines at once.
func own(p boot.Payload) boot.Payload {
	p.Initrds = slices.Clone(p.Initrds)
	// The function does not fail, so neither does MapFiles.
	p.Cmdline, _ = p.Cmdline.MapFiles(func(source string) (string, error) { return source, nil })
	return p
}

// ignore is the error that keeps Spur silent towards a machine, for a reason.
func ignore(format string, args ...any) error {
	return fmt.Errorf("%w: %w", boot.ErrIgnore, fmt.Errorf(format, args...))
}
