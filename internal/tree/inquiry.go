package tree

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// resolve is what a client boots that can't be asked for its serial number.
func (t *Tree) resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	payload, err := t.Resolver.Resolve(ctx, c)
	asks, is := payload.Content.(boot.Inquiry)
	switch {
	case err != nil || !is:
		return payload, err
	case asks.Else == 0:
		return boot.Payload{}, fmt.Errorf("%w: %w", boot.ErrIgnore, boot.ErrNoSerial)
	}
	c.Item = asks.Else
	return t.Resolver.Resolve(ctx, c)
}

// inquiry is the script by which an iPXE tells its machine's serial number, and then the
// one that leads it to what it boots. One that has none to tell, or can't tell it since
// it fetches by TFTP, boots what such machines do.
func (t *Tree) inquiry(ctx context.Context, c boot.Client, r route.Route, a Asker) *generated {
	if !a.Query.Has(serialKey) && a.Via != route.TFTP {
		return newGenerated(route.IPXEScript, loader.SerialScript(serialKey))
	}
	c.Serial = boot.ParseSerial(a.Query.Get(serialKey))
	payload, err := t.resolve(ctx, c)
	if err != nil {
		return troubled(c, r, err, false)
	}
	return t.onward(c, payload, r, a)
}

// onward is the script that leads an iPXE to what a client boots by its item.
func (t *Tree) onward(c boot.Client, payload boot.Payload, r route.Route, a Asker) *generated {
	e, why := t.entry(c, boot.MenuItem{Item: payload.Item, Payload: payload}, r, a)
	if why != "" {
		return troubled(c, r, fmt.Errorf("%s", why), false)
	}
	return newGenerated(route.IPXEScript, loader.OnwardScript(payload.Title(), e))
}
