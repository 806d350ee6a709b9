package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/san"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// exports say where systems find images.
func (c Config) exports() map[boot.Protocol]tree.Export {
	same := func(name string) string { return name }
	return map[boot.Protocol]tree.Export{
		boot.NBD:   {Port: c.NBDPort, Name: same},
		boot.ISCSI: {Port: c.ISCSIPort, Name: san.TargetName},
		boot.NFS:   {Port: c.NFSPort, Name: func(name string) string { return "/" + name }},
	}
}

// checkExports refuses what would be mounted over what isn't served: sockets are opened at the
// start alone.
func (d *daemon) checkExports(wanted []boot.Protocol) error {
	for _, over := range wanted {
		if !slices.Contains(d.exports, over) {
			return advice.New(fmt.Sprintf("its system mounts the image over %s, which Spur doesn't serve since it has started without need for it", over), "restart Spur, or choose another --root")
		}
	}
	return nil
}

// exportServers are what serves images, by the protocol.
func (f *files) exportServers(c Config, v *notices) map[boot.Protocol]func(context.Context, net.Listener) error {
	return map[boot.Protocol]func(context.Context, net.Listener) error{
		boot.NBD:   f.images(boot.NBD, func(name string) string { return name }).ServeNBD,
		boot.ISCSI: f.images(boot.ISCSI, san.SealedName).ServeISCSI,
		boot.NFS:   f.nfsServer(c.NFSPort, v),
	}
}

// images are those of the tree, by names that sealed reads.
func (f *files) images(over boot.Protocol, sealed func(name string) string) *san.Images {
	event := func(kind timeline.Kind, m san.Mount) timeline.Event {
		mac, image := f.tree.Mounted(sealed(m.Name))
		return timeline.Event{Kind: kind, MAC: mac, Name: image, Proto: string(over), Peer: m.Peer}
	}
	return san.NewImages(
		func(ctx context.Context, name string) (san.Image, error) {
			e, err := f.tree.OpenExport(ctx, sealed(name))
			if err != nil {
				return san.Image{}, err
			}
			file, _ := e.Closer.(*os.File)
			return san.Image{ReaderAt: e, Size: e.Size, Closer: e, File: file}, nil
		},
		san.ImageHooks{
			Mounted: func(m san.Mount) { f.events.Observe(event(timeline.Mounted, m)) },
			Left: func(m san.Mount, read int64, why error) {
				e := event(timeline.Unmounted, m)
				e.Bytes = read
				if why != nil {
					e.Err = why.Error()
				}
				f.events.Observe(e)
			},
		})
}
