package target

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/medium"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/route"
)

// ShowDisc says what is in the image of a disc and, where it boots, how each kind of
// machine would with what a host has.
func (t Target) ShowDisc(ctx context.Context, up Upstream, host route.Host) (medium.Description, error) {
	file, found, err := t.lookKernel(ctx, up.read)
	if err != nil {
		return medium.Description{}, notADisc(t.Kernel, err)
	}
	if !found.IsDisc() {
		return medium.Description{}, advice.New(fmt.Sprintf("%s is no ISO image: it is %s", t.Kernel, found.Description), "spur explain says how it would boot")
	}
	var all medium.Description
	err = t.withDisc(ctx, file, up, func(d medium.Disc) error {
		all = d.Describe()
		return nil
	})
	if err != nil {
		return all, err
	}
	var l Inspected
	if err := l.takeDisc(ctx, t, file, up); err != nil {
		return all, nil //nolint:nilerr // the description says so
	}
	all.Whole = l.Payload.Kind() == boot.KindDisk
	if n := route.NeedsMost(l.Payload); n >= route.NeedsTold {
		all.Memory = max(all.Memory, n)
	}
	given, err := outlook.Outlook{Host: host}.GivenOf(l.Outlook())
	if err != nil {
		all.Obstacle, all.Instead = err.Error(), advice.Of(err)
		return all, nil // the description says so
	}
	for _, g := range given {
		all.Given = append(all.Given, medium.Given{Machine: g.Platform, Asks: g.Speaker, Gets: g.What})
	}
	return all, nil
}

// notADisc is the error about a file that is no image of a disc.
func notADisc(name string, err error) error {
	var m *image.Mismatch
	if !errors.As(err, &m) {
		return err
	}
	return advice.New(fmt.Sprintf("%s is no ISO image: it is %s", name, m.Looks), "name an ISO image")
}
