package daemon

import (
	"context"

	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/medium"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/target"
)

// ShowDisc says what is in the image of a disc and, where it boots, how each kind of
// machine would with what this host has.
func ShowDisc(ctx context.Context, c Config, t target.Target) (medium.Description, error) {
	host, err := c.findHost()
	if err != nil {
		return medium.Description{}, err
	}
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		return medium.Description{}, err
	}
	defer cache.Close()
	disks := rawdisk.New("", c.say)
	defer disks.Close()
	up := target.Upstream{Open: lookURL(cache), Say: c.say, Disks: disks}
	return t.ShowDisc(ctx, up, host)
}
