package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/medium"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/rawdisk"
)

// ShowDisc says what is in the image of a disc and, where it boots, how each kind of
// machine would with what this host has.
func ShowDisc(ctx context.Context, c Config, t Target) (medium.Description, error) {
	host, err := c.findHost()
	if err != nil {
		return medium.Description{}, err
	}
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		return medium.Description{}, err
	}
	defer cache.Close()
	disks := rawdisk.New("")
	defer disks.Close()
	up := upstream{lookURL(cache), func(line string) { fmt.Fprintln(c.Out, line) }, disks}
	file, found, err := t.lookKernel(ctx, up.read)
	if err != nil {
		return medium.Description{}, notADisc(t.Kernel, err)
	}
	if !found.IsDisc() {
		return medium.Description{}, advice.New(fmt.Sprintf("%s is no image of a disc: it is %s", t.Kernel, found.Description), "spur explain says how it would boot")
	}
	var all medium.Description
	err = t.withDisc(ctx, file, up, func(d medium.Disc) error {
		all = d.Describe()
		return nil
	})
	if err != nil {
		return all, err
	}
	var l looked
	if err := l.takeDisc(ctx, t, file, up); err != nil {
		return all, nil // the description says so
	}
	all.Whole = l.payload.Kind() == boot.KindDisk
	all.Given, err = (outlook.Outlook{Host: host}).Given(outlook.Target{Payload: l.payload})
	return all, err
}

// notADisc is the error about a file that is no image of a disc.
func notADisc(name string, err error) error {
	var m *image.Mismatch
	if !errors.As(err, &m) {
		return err
	}
	return advice.New(fmt.Sprintf("%s is no image of a disc: it is %s", name, m.Looks), "name an ISO image")
}
