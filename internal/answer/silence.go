package answer

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/timeline"
)

// Silence tells the story why a client isn't told what it boots; script is the
// one that says so on its screen. What is a decision leaves the machine alone,
// everything else is a failure.
func Silence(c boot.Client, script string, err error) timeline.Event {
	e := timeline.Event{Kind: timeline.NoAnswer, MAC: c.MAC, Client: c, Name: script, Reason: fmt.Sprint(err), Hint: advice.Of(err)}
	var none decide.NoRoute
	switch {
	case errors.Is(err, boot.ErrIgnore), errors.As(err, &none):
		e.Kind = timeline.Ignored
	case errors.Is(err, context.Canceled), errors.Is(err, resolver.ErrClosed):
		e.Kind, e.Reason = timeline.Ignored, "Spur is stopping"
	}
	return e
}
