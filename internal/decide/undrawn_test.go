package decide_test

import (
	"errors"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

// A menu is given to what draws it. A machine on which nothing does boots the item that
// is taken where nobody chooses, or the first that it can; firmware is sent to its disk by
// a menu of its own.
func TestDrawnMenu(t *testing.T) {
	arm := boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/arm64.efi"}, Arch: boot.ARM64}}
	local := boot.Payload{Content: boot.Local{}}
	items := map[uint16]boot.Payload{1: arm, 2: kernel, 3: local}
	drawn := func(first uint16, which ...uint16) boot.Menu {
		m := boot.Menu{Default: first}
		for _, n := range which {
			m.Items = append(m.Items, boot.MenuItem{Item: n, Payload: items[n]})
		}
		return m
	}
	over6 := rom
	over6.IPv6 = true
	http := rom
	http.Proto = boot.HTTP
	none := decider(boot.Payload{}, nil).Host
	none.Loader = boot.ROM
	for name, c := range map[string]struct {
		client boot.Client
		host   *route.Host
		menu   boot.Menu
		item   uint16
		kind   boot.Kind
		offers bool // a menu of PXE's
	}{
		"a loader draws it":          {client: rom, menu: drawn(2, 1, 2), kind: boot.KindMenu},
		"none does: the default":     {client: rom, host: &none, menu: drawn(3, 2, 3), item: 3, kind: boot.KindLocal, offers: true},
		"its default can't boot":     {client: rom, host: &none, menu: drawn(1, 1, 3, 2), item: 3, kind: boot.KindLocal, offers: true},
		"no local disk over IPv6":    {client: over6, host: &none, menu: drawn(3, 3)},
		"no local disk by HTTP Boot": {client: http, host: &none, menu: drawn(3, 3)},
		"nothing can boot":           {client: rom, menu: drawn(1, 1)},
		"nothing is in it":           {client: rom, menu: drawn(0)},
	} {
		d := decider(boot.Payload{}, nil)
		if c.host != nil {
			d.Host = *c.host
		}
		d.Resolver = resolve(func(client boot.Client) (boot.Payload, error) {
			if p, ok := items[client.Item]; ok {
				return p, nil
			}
			return boot.Payload{Content: c.menu}, nil
		})
		got, err := d.Decide(t.Context(), c.client)
		if c.kind == "" {
			if none := decide.NoRoute(""); !errors.As(err, &none) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		if err != nil || got.Payload.Kind() != c.kind || got.Client.Item != c.item || (got.Menu != nil) != c.offers {
			t.Errorf("%s: item %d, %s, menu %v, %v", name, got.Client.Item, got.Payload.Kind(), got.Menu, err)
		}
	}
}
