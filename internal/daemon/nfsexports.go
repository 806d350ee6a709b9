package daemon

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// discsMost is how many images are kept open whose files are served by NFS.
const discsMost = 64

// discs are images whose files are served by NFS. Those that were mounted last stay open: a
// system reads for as long as it runs.
type discs struct {
	tree *tree.Tree

	mu   sync.Mutex
	open []*nfs.Export // the one that was opened last at the end
}

// ByPath implements nfs.Exports. The path begins with the sealed name of an image.
func (d *discs) ByPath(path string) (*nfs.Export, string, error) {
	name, folder, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	disc, err := d.tree.OpenDisc(context.Background(), name)
	if err != nil {
		return nil, "", err
	}
	e, err := d.keep(disc)
	return e, folder, err
}

// ByID implements nfs.Exports.
func (d *discs) ByID(id nfs.ExportID) (*nfs.Export, error) {
	if e := d.kept(id); e != nil {
		return e, nil
	}
	n := len(tree.Digest{})
	disc, err := d.tree.ReopenDisc(context.Background(), tree.DiscID{Digest: tree.Digest(id[:n]), Version: [4]byte(id[n:])})
	if err != nil {
		return nil, err
	}
	return d.keep(disc)
}

func (d *discs) kept(id nfs.ExportID) *nfs.Export {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.find(id)
}

func (d *discs) find(id nfs.ExportID) *nfs.Export {
	for _, e := range d.open {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// keep keeps an image open, unless it is already. The oldest gives way to it, and is closed
// once no call reads from it.
func (d *discs) keep(disc tree.Disc) (*nfs.Export, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := nfs.ExportID(append(disc.ID.Digest[:], disc.ID.Version[:]...))
	if e := d.find(id); e != nil {
		disc.File.Close()
		return e, nil
	}
	files, err := nfs.NewFiles(disc) // and with it what holds it open
	if err != nil {
		disc.File.Close()
		return nil, err
	}
	if len(d.open) == discsMost {
		d.open = append([]*nfs.Export(nil), d.open[1:]...)
	}
	e := &nfs.Export{ID: id, Files: files}
	d.open = append(d.open, e)
	return e, nil
}

// nfsServer serves the files of images to systems that were told a sealed name.
func (f *files) nfsServer(port uint16, v *notices) func(context.Context, net.Listener) error {
	server := nfs.Server{Exports: &discs{tree: f.tree}, Key: f.tree.Names.Key, Port: port, Hooks: nfs.Hooks{
		Mounted: func(peer netip.AddrPort, path string, _ *nfs.Export) {
			name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			mac, image := f.tree.Mounted(name)
			f.events.Observe(timeline.Event{Kind: timeline.Mounted, MAC: mac, Name: image, Proto: "nfs", Peer: peer.Addr()})
		},
		Failed: func(peer netip.AddrPort, _ *nfs.Export, file string, err error) {
			v.unreadable(file, peer.Addr(), err)
		},
		Panicked: func(peer netip.AddrPort, value any, stack []byte) {
			v.panicked("NFS call of "+peer.String(), value, stack)
		},
	}}
	return func(ctx context.Context, l net.Listener) error { return server.Serve(ctx, l) }
}
