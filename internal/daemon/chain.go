package daemon

import (
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/resolver"
)

// chain puts the operator's restrictions before the resolver. The function
// marks a machine as booted.
func (d *daemon) chain(next boot.Resolver) (func(boot.MAC), boot.Resolver, error) {
	booted := func(boot.MAC) {}
	if d.config.Once || d.machines != nil {
		once, err := d.once(next)
		if err != nil {
			return nil, nil, err
		}
		booted = func(mac boot.MAC) {
			if !d.config.Once && !d.machines.bootsOnce(mac) {
				return
			}
			if err := once.Done(mac); err != nil {
				d.notices.storeTrouble(err)
			}
		}
		if d.machines != nil {
			d.machines.once = once
		}
		if d.config.Once {
			next = once
		}
	}
	if len(d.config.Only) > 0 {
		next = resolver.NewAllowList(next, d.config.Only)
	}
	return booted, next, nil
}

// once lets each machine boot once; with --data also over a restart.
func (d *daemon) once(next boot.Resolver) (*resolver.Once, error) {
	if !d.keepsBooted() || d.config.DryRun {
		return resolver.NewOnce(next, nil), nil
	}
	marks, err := machines.OpenMarks(machines.BootedDir(d.config.Data))
	if err != nil {
		return nil, advice.Or(err, datafolder.Advise(err))
	}
	return resolver.NewOnce(next, marks), nil
}

// keepsBooted tells whether it is written down which machines have booted.
func (d *daemon) keepsBooted() bool {
	return (d.config.Once || d.machines != nil) && !d.config.forgets && d.config.Data != ""
}
