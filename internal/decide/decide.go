// Package decide says what a machine is offered: from the client that one
// packet shows, by what its resolver wants it to boot, to the best route that
// has not failed on it. It knows no packet; DHCP, a boot menu or HTTP encode the
// same Decision.
package decide

import (
	"cmp"
	"context"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Decision is what a client boots, and on which way.
type Decision struct {
	Client  boot.Client // with the item of the menu that it boots, if there is one
	Payload boot.Payload
	Route   route.Route
	// Shape is the form in which a DHCP offer says so. Reshaped: it isn't the
	// one that such a client is usually offered.
	Shape    route.Shape
	Reshaped bool
	// Sole: no other route leads the client to its payload.
	Sole bool
	// Menu is what the client is shown to choose from; nil for none.
	Menu *Menu
}

// Decider decides for one Spur.
type Decider struct {
	Resolver boot.Resolver
	Host     route.Host
	// Failed lists the names of the routes that failed on a machine, the oldest
	// first.
	Failed func(boot.MAC) []string
	// Shapes tells which shape of offer led a machine to its boot file last, and
	// which it refused since, the oldest first. nil: nothing is known.
	Shapes func(boot.MAC) (took string, refused []string)
	// Lease says who gives the machines their addresses.
	Lease route.Lease
	// Menu is what machines are let choose from; nil for nothing.
	Menu *Menu
	// Beside: another server tells machines what to boot, loaders too that ask once more.
	Beside bool
}

// Decide says what to offer. Its errors are those of the resolver, which wrap
// boot.ErrIgnore for a machine that is to be left alone, and NoRoute.
func (d Decider) Decide(ctx context.Context, c boot.Client) (Decision, error) {
	if d.Menu != nil && c.Item == 0 {
		return d.choose(ctx, c)
	}
	return d.decide(ctx, c)
}

func (d Decider) decide(ctx context.Context, c boot.Client) (Decision, error) {
	payload, err := d.Resolver.Resolve(ctx, c)
	if err != nil {
		return Decision{}, err
	}
	ladder := route.Routes(c, payload, d.Host)
	if d.Beside {
		ladder = ladder.AskingOnce()
	}
	if payload.Item != 0 && c.Proto != boot.BSDP { // a Mac's item is the image that it has chosen
		c.Item = payload.Item
	}
	chosen, ok := ladder.Pick(d.Failed(c.MAC))
	if drawn, is := payload.Content.(boot.Menu); is && !ok && c.Item == 0 {
		return d.undrawn(ctx, c, drawn)
	}
	if asks, is := payload.Content.(boot.Inquiry); is && !ok {
		return d.unasked(ctx, c, asks)
	}
	if !ok {
		return Decision{}, NoRoute(ladder.Obstacle(c))
	}
	shape, other := d.shape(c, chosen)
	decided := Decision{Client: c, Payload: payload, Route: chosen, Shape: shape, Reshaped: other, Sole: len(ladder.Routes) == 1}
	if chosen.Loader == boot.ROM && chosen.Form == route.LocalForm {
		decided.Menu = &Menu{Items: []Item{{Title: "Local disk"}}, Prompt: "Spur: on to the local disk"}
	}
	return decided, nil
}

// shape chooses the form of the offer. A route may ask for one to begin with.
func (d Decider) shape(c boot.Client, r route.Route) (route.Shape, bool) {
	took, refused := r.Shape, []string(nil)
	if d.Shapes != nil {
		last, not := d.Shapes(c.MAC)
		took, refused = cmp.Or(took, last), not
	}
	return route.PickShape(route.ShapesFor(c, d.Lease), took, refused)
}

// NoRoute is why no route leads a client to its payload. On a network with all
// sorts of machines that is no failure.
type NoRoute string

// Error says what is in the way.
func (n NoRoute) Error() string { return string(n) }
