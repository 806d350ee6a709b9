package decide

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// unasked decides for a client to which no loader can be given that tells its machine's
// serial number.
func (d Decider) unasked(ctx context.Context, c boot.Client, asks boot.Inquiry) (Decision, error) {
	if asks.Else == 0 {
		return Decision{}, NoRoute(fmt.Sprintf("%v: no iPXE can be given to it, which would tell it", boot.ErrNoSerial))
	}
	c.Item = asks.Else
	return d.decide(ctx, c)
}
