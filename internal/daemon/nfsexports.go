package daemon

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/tree"
)

// discsMost is how many images are kept open whose files are served by NFS.
const discsMost = 64

// discs are images whose files are served by NFS. Those that were used last stay open: a
// system reads for as long as it runs.
type discs struct {
	tree *tree.Tree

	mu   sync.Mutex
	open []*openDisc // the one that was used last at the end
}

// openDisc is an image that is open.
type openDisc struct {
	nfs.Export
	file  io.Closer
	users int  // calls under way
	gone  bool // another one has its place
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

// kept is an image that is open already; nil where it isn't.
func (d *discs) kept(id nfs.ExportID) *nfs.Export {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.use(id)
}

// use has one more call use an image that is open.
func (d *discs) use(id nfs.ExportID) *nfs.Export {
	i := slices.IndexFunc(d.open, func(o *openDisc) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	o := d.open[i]
	o.users++
	d.open = append(slices.Delete(d.open, i, i+1), o)
	return &o.Export
}

// keep keeps an image open, unless it is already. The one that wasn't used for longest gives
// way to it.
func (d *discs) keep(disc tree.Disc) (*nfs.Export, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := nfs.ExportID(append(disc.ID.Digest[:], disc.ID.Version[:]...))
	if e := d.use(id); e != nil {
		disc.File.Close()
		return e, nil
	}
	files, err := nfs.NewFiles(disc)
	if err != nil {
		disc.File.Close()
		return nil, err
	}
	if len(d.open) == discsMost {
		d.open[0].gone = true
		d.open[0].closeUnused()
		d.open = slices.Delete(d.open, 0, 1)
	}
	o := &openDisc{Export: nfs.Export{ID: id, Files: files}, file: disc.File}
	o.Release = func() { d.release(o) }
	d.open = append(d.open, o)
	return d.use(id), nil
}

func (d *discs) release(o *openDisc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o.users--
	o.closeUnused()
}

// closeUnused closes an image that has given way once no call reads from it.
func (o *openDisc) closeUnused() {
	if o.gone && o.users == 0 {
		_ = o.file.Close()
	}
}

// nfsServer serves the files of images to systems that were told a sealed name.
func (f *files) nfsServer(port uint16, v *notices) func(context.Context, net.Listener) error {
	var mounts nfsMounts
	server := nfs.Server{Exports: &discs{tree: f.tree}, Key: f.tree.Names.Key, Port: port, Hooks: nfs.Hooks{
		Mounted: func(peer netip.AddrPort, path string, e *nfs.Export) {
			name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			mac, image := f.tree.Mounted(name)
			f.events.Observe(mounts.mounted(&nfsMount{peer: peer.Addr(), id: e.ID, mac: mac, image: image}))
		},
		Left: func(peer netip.AddrPort, u nfs.Use) {
			if e, ok := mounts.left(peer.Addr(), u); ok {
				f.events.Observe(e)
			}
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
