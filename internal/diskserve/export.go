package diskserve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spurboot/spur/aoe"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/san"
	"github.com/spurboot/spur/internal/size"
)

// volumes are the disks as they are exported. They are open all the while.
func (c *Config) volumes(disks []*disk.Disk) ([]san.Volume, error) {
	var volumes []san.Volume
	for i, d := range disks {
		id, err := c.identity(d, i)
		if err != nil {
			return nil, err
		}
		open := san.Disk{Device: d.Device, Release: func() {}}
		if d.Caps().ReadOnly {
			open.ETag, open.Modified = disk.Validators(d.Files)
		}
		volumes = append(volumes, san.Volume{
			Name: cmp.Or(c.Name, title(c.Files[i])), Description: fmt.Sprintf("%s, %s", d.Format, size.Format(d.Size())), Serial: id.Serial(),
			Open: func(context.Context) (san.Disk, error) { return open, nil },
		})
	}
	return volumes, nil
}

// identity is that of the disk of one of the files.
func (c *Config) identity(d *disk.Disk, number int) (disk.Identity, error) {
	if c.Over == ISCSI && c.Name != "" {
		return disk.IdentifyUnit(c.Name, number), nil
	}
	return d.Identity()
}

// exported is what is served on a port: how, and under which URLs.
type exported struct {
	serve  func(context.Context, net.Listener, *san.Log) error
	scheme string
	paths  []string
}

// export makes the volumes ready to be served over a protocol with a port.
func (c *Config) export(ctx context.Context, disks []*disk.Disk, volumes []san.Volume) (exported, error) {
	if c.Over == ISCSI {
		return c.exportISCSI(ctx, disks, volumes)
	}
	tls, err := c.TLS.config()
	if err != nil {
		return exported{}, err
	}
	var exports san.Exports
	e := exported{scheme: "nbd", serve: func(ctx context.Context, l net.Listener, log *san.Log) error {
		return san.ServeNBD(ctx, l, &exports, tls, log)
	}}
	switch {
	case tls != nil:
		e.scheme = "nbds"
	case c.Over == HTTP:
		e.scheme, e.serve = "http", func(ctx context.Context, l net.Listener, log *san.Log) error {
			return san.ServeHTTP(ctx, l, &exports, log)
		}
	}
	for _, v := range volumes {
		err = errors.Join(err, exports.Add(v))
		e.paths = append(e.paths, "/"+v.Name)
	}
	return e, err
}

// exportISCSI makes the volumes LUNs of a target, from 0 on.
func (c *Config) exportISCSI(ctx context.Context, disks []*disk.Disk, volumes []san.Volume) (exported, error) {
	auth, err := c.auth()
	if err != nil {
		return exported{}, err
	}
	for _, d := range disks {
		if err := c.wholeBlocks(d); err != nil {
			return exported{}, err
		}
	}
	t := san.Target{Name: c.Name, LUNs: volumes, BlockSize: c.BlockSize, Auth: auth, Initiators: c.Initiators}
	if t.Name == "" {
		id, err := disks[0].Identity()
		if err != nil {
			return exported{}, err
		}
		t.Name, t.Short = uniqueIQN(title(c.Files[0]), id), san.IQN(title(c.Files[0]))
	}
	var targets san.Targets
	if err := targets.Add(t); err != nil {
		return exported{}, err
	}
	// A use that doesn't end keeps what initiators have reserved.
	if _, err := targets.Target(ctx, t.Name); err != nil {
		return exported{}, err
	}
	e := exported{scheme: "iscsi", serve: func(ctx context.Context, l net.Listener, log *san.Log) error {
		return san.ServeISCSI(ctx, l, &targets, log)
	}}
	for i := range volumes {
		e.paths = append(e.paths, fmt.Sprintf("/%s/%d", t.Name, i))
	}
	return e, nil
}

// wholeBlocks refuses a disk that ends within a block: its last bytes could not
// be reached, and the copy of its partition table is there.
func (c *Config) wholeBlocks(d *disk.Disk) error {
	if c.BlockSize == 0 || d.Size()%int64(c.BlockSize) == 0 {
		return nil
	}
	return advice.New(fmt.Sprintf("%s has %d bytes, which is no multiple of --block-size %d: its last %d bytes could not be reached", d.Files[0], d.Size(), c.BlockSize, d.Size()%int64(c.BlockSize)),
		"leave --block-size out; or make the disk longer, a raw file by truncate -s %4096 FILE, a qcow2 image by qemu-img resize")
}

// uniqueIQN names a target as no other is named.
func uniqueIQN(file string, id disk.Identity) string { return san.IQN(file) + "." + id.Brief() }

// serveAoE serves disks on an Ethernet interface, in slots that follow each
// other.
func (c *Config) serveAoE(ctx context.Context, disks []*disk.Disk, volumes []san.Volume, log *san.Log) error {
	link, err := san.OpenAoE(c.Interface)
	if err != nil {
		return err
	}
	defer link.Close()
	addresses := san.AoEAddresses{Interface: c.Interface, Shelf: c.Shelf, Slot: c.Slot, Count: len(disks)}
	release, err := addresses.Reserve(ctx)
	switch {
	case ctx.Err() != nil:
		return nil // interrupted before it began
	case err != nil:
		return err
	}
	defer release()
	if err := c.confine(disks, log); err != nil {
		return err
	}
	var targets []*aoe.Target
	for i, d := range disks {
		t := &aoe.Target{Shelf: c.Shelf, Slot: c.Slot + uint8(i), Device: d.Device, Serial: volumes[i].Serial}
		tellReady(log, d, AoE, t.Address()+" on "+c.Interface)
		targets = append(targets, t)
	}
	return san.ServeAoE(ctx, link, targets, log)
}
