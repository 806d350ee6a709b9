package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/san"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// exportPort is a port on which images are exported that systems mount.
type exportPort struct {
	over       boot.Protocol
	what, flag string
	port       uint16
	// optional: where another program has the port, machines boot that need it not.
	optional bool
	// usual is the one on which a system looks that is told none; 0 where it asks for it.
	usual uint16
}

// The ports of protocols by which images are exported (IANA).
const (
	NBDPort   = 10809
	ISCSIPort = 3260
)

// exportPorts are those of the protocols that are among some.
func (c Config) exportPorts(served []boot.Protocol) []exportPort {
	all := []exportPort{
		{over: boot.NBD, what: "NBD", flag: "--nbd-port", port: c.NBDPort, usual: NBDPort},
		{over: boot.ISCSI, what: "iSCSI", flag: "--iscsi-port", port: c.ISCSIPort, usual: ISCSIPort},
		{over: boot.NFS, what: "NFS", flag: "--nfs-port", port: c.NFSPort},
		{over: boot.NFS, port: nfs.PortmapPort, optional: true},
		{over: boot.NFS, port: nfs.MountPort, optional: true},
	}
	return slices.DeleteFunc(all, func(p exportPort) bool { return !slices.Contains(served, p.over) })
}

// portmapTaken tells that systems which can't be told a port don't find the NFS server, since
// another program has that of the portmapper.
func (s *sockets) portmapTaken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.portmapTaken {
			return fmt.Sprintf("port %d is taken by another program (rpcbind?), which systems ask for the port of NFS that can't be told one: Ubuntu and its children, Arch, openSUSE's installer", nfs.PortmapPort)
		}
	}
	return ""
}

// warnOfPorts warns of systems that can't be told on which port their image is, where it isn't
// the usual one.
func (d *daemon) warnOfPorts(files []boot.File) {
	for _, p := range d.config.exportPorts(d.exports) {
		for _, f := range files {
			told := f
			told.Told.Word = boot.ExportPort
			if p.usual != 0 && p.port != p.usual && f.Told == (boot.Export{Over: p.over, Word: boot.ExportName}) && !slices.Contains(files, told) {
				d.notices.warn(fmt.Sprintf("the system of %s can't be told a port, and looks for its image over %s on port %d; leave %s out", f.Base(), p.what, p.usual, p.flag))
			}
		}
	}
}

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
	return &san.Images{
		Open: func(ctx context.Context, name string) (san.Image, error) {
			e, err := f.tree.OpenExport(ctx, sealed(name))
			if err != nil {
				return san.Image{}, err
			}
			file, _ := e.Closer.(*os.File)
			return san.Image{ReaderAt: e, Size: e.Size, Closer: e, File: file}, nil
		},
		Hooks: san.ImageHooks{
			Mounted: func(m san.Mount) { f.events.Observe(event(timeline.Mounted, m)) },
			Left: func(m san.Mount, read int64, why error) {
				e := event(timeline.Unmounted, m)
				e.Bytes = read
				if why != nil {
					e.Err = why.Error()
				}
				f.events.Observe(e)
			},
		},
	}
}
