package decide

import (
	"context"
	"errors"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// undrawn decides for a client on which no loader draws the menu: it boots the item that
// is taken where nobody chooses, or else the first that it can.
func (d Decider) undrawn(ctx context.Context, c boot.Client, m boot.Menu) (decided Decision, err error) {
	items := slices.DeleteFunc(slices.Clone(m.Items), func(i boot.MenuItem) bool { return i.Locked }) // nobody can be asked
	slices.SortStableFunc(items, func(a, b boot.MenuItem) int {
		return first(a.Item == m.Default) - first(b.Item == m.Default)
	})
	why := error(NoRoute("the menu has no items"))
	for n, i := range items {
		c.Item = i.Item
		var none NoRoute
		if decided, err = d.decide(ctx, c); !errors.As(err, &none) {
			return decided, err
		}
		if n == 0 {
			why = err
		}
	}
	return Decision{}, why
}

// first sorts what is so before what isn't.
func first(is bool) int {
	if is {
		return 0
	}
	return 1
}
