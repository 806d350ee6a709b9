package daemon

import (
	"context"
	"io/fs"
	"net/http"
	"net/netip"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
	"github.com/spurboot/spur/tftp"
)

// files serves the tree over TFTP and HTTP, and tells the timeline what is
// fetched.
type files struct {
	tree     *tree.Tree
	events   *timeline.Timeline
	clients  *decide.Clients // whose address is which
	booted   func(boot.MAC)  // a machine runs what it was given
	progress progressLimit
}

// httpServer serves the tree over HTTP or HTTPS.
func (f *files) httpServer(v *notices, via route.Via) *httpd.Server {
	open := func(ctx context.Context, r *http.Request, name string) (fs.File, error) {
		return f.openHTTP(ctx, r, name, via)
	}
	return &httpd.Server{
		Handler: &httpd.Handler{Open: open, Hooks: f.httpHooks(v, via), Pace: func(t *httpd.Transfer) int64 { return f.pace(t, via) }},
		Hooks: httpd.ServerHooks{
			Malformed: v.malformedHTTP, Log: v.httpLog, Handshake: f.handshakeFailed,
			Panicked: func(r *http.Request, value any, stack []byte) {
				v.panicked("HTTP request of "+r.RemoteAddr, value, stack)
			},
		},
	}
}

// tftpServer serves the tree over TFTP.
func (f *files) tftpServer(v *notices) *tftp.Server {
	hooks := f.tftpHooks()
	hooks.Malformed = v.malformedTFTP
	hooks.Panicked = func(r *tftp.Request, value any, stack []byte) {
		v.panicked("TFTP request of "+r.Remote.String(), value, stack)
	}
	return &tftp.Server{Read: f.openTFTP, Hooks: hooks}
}

// openHTTP is the HTTP server's way into the tree.
func (f *files) openHTTP(ctx context.Context, r *http.Request, name string, via route.Via) (fs.File, error) {
	server := httpd.Local(r).Addr()
	if c, ok := tree.ClientFromQuery(r.URL.Query()); ok && name == route.IPXEScript && f.tree.AskAtRoot {
		c.Server = server
		c.Sender, _ = neighbour(httpd.Remote(r).Addr())
		f.events.Observe(timeline.Event{Kind: timeline.Asked, MAC: c.MAC, Client: c, Peer: httpd.Remote(r).Addr()})
	}
	f.tree.NoteBoot(name, httpd.Remote(r).Addr())
	f.noteMemory(r, name, via)
	asker := tree.Asker{Via: via, Server: server, Query: r.URL.Query(), Raw: r.URL.RawQuery, Peer: httpd.Remote(r).Addr()}
	_, asker.Password, asker.HasPassword = r.BasicAuth()
	file, err := f.tree.Open(ctx, name, asker)
	return f.sized(file, err, via, name, httpd.Remote(r), httpd.Local(r))
}

// noteMemory tells the timeline how much memory a machine has that says so while it asks
// for its kernel.
func (f *files) noteMemory(r *http.Request, name string, via route.Via) {
	bytes := identify.Memory(r.URL.Query())
	if bytes == 0 {
		return
	}
	peer := httpd.Remote(r).Addr()
	if entry, ok := f.tree.Describe(name, peer); ok && entry.Client.MAC != (boot.MAC{}) {
		f.events.Observe(timeline.Event{Kind: timeline.Memory, MAC: entry.Client.MAC, Proto: string(via), Bytes: bytes, Peer: peer})
	}
}

// openTFTP is the TFTP server's way into the tree.
func (f *files) openTFTP(ctx context.Context, r *tftp.Request) (tftp.File, error) {
	file, err := f.tree.Open(ctx, r.Filename, tree.Asker{Via: route.TFTP, Server: r.Local.Addr(), Peer: r.Remote.Addr()})
	return f.sized(file, err, route.TFTP, r.Filename, r.Remote, r.Local)
}

// sized has a machine wait until the size of a file is known. iPXE takes time by
// the square of the size for one that comes without; TFTP clients ask for it.
func (f *files) sized(file fs.File, err error, via route.Via, path string, peer, server netip.AddrPort) (fs.File, error) {
	coming, ok := file.(interface{ WaitSize(func(int64)) error })
	if err != nil || !ok {
		return file, err
	}
	e, known := f.event(timeline.Awaited, via, path, peer, server)
	err = coming.WaitSize(func(bytes int64) {
		if known && f.progress.due(file) {
			e.Bytes = bytes
			f.observe(e)
		}
	})
	f.progress.forget(file)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
