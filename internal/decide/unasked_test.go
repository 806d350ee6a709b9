package decide_test

import (
	"context"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// resolving is a resolver made of a function.
type resolving func(boot.Client) boot.Payload

func (r resolving) Resolve(_ context.Context, c boot.Client) (boot.Payload, error) { return r(c), nil }

// A machine that may be known by its serial number is given an iPXE, which tells it. Where
// none can be given to it, it boots what machines without such a number do. What it boots
// is sealed with the item by which the resolver gives it again.
func TestInquiry(t *testing.T) {
	d := decider(boot.Payload{}, nil)
	otherwise := uint16(7)
	d.Resolver = resolving(func(c boot.Client) boot.Payload {
		if c.Item == 7 {
			return boot.Payload{Content: boot.Local{}, Item: 7}
		}
		return boot.Payload{Content: boot.Inquiry{Else: otherwise}}
	})
	got, err := d.Decide(t.Context(), rom)
	if err != nil || got.Payload.Kind() != boot.KindInquiry || got.Route.Loader != boot.IPXE || got.Client.Item != 0 {
		t.Errorf("a ROM: %+v, %v", got, err)
	}
	d.Host.Loader = boot.ROM // no iPXE
	got, err = d.Decide(t.Context(), rom)
	if err != nil || got.Payload.Kind() != boot.KindLocal || got.Client.Item != 7 {
		t.Errorf("without iPXE: %+v, %v", got, err)
	}
	otherwise = 0
	if _, err = d.Decide(t.Context(), rom); err == nil {
		t.Error("it boots although nothing is known of it")
	}
	mac := rom
	mac.Proto, mac.Item = boot.BSDP, 7
	if got, _ := d.Decide(t.Context(), mac); got.Client.Item != 7 && got.Route != (route.Route{}) {
		t.Errorf("a Mac's image becomes %d", got.Client.Item)
	}
}
