package daemon

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/sandbox"
	"github.com/spurboot/spur/internal/tree"
)

// service is what machines are answered with.
type service struct {
	interfaces []dhcp.Interface
	watcher    *dhcp.Watcher
	files      *files
	sockets    *sockets
	offers     *answer.Offers  // nil where Spur takes no part in DHCP
	offers4    *answer.Offers4 // nil likewise
	offers6    *answer.Offers6 // nil likewise
	links6     *links6         // nil likewise
	listener   *dhcp.Listener  // nil likewise
	status     sandbox.Status
}

func (s *service) close() {
	if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.links6 != nil {
		s.links6.close()
	}
	if s.sockets != nil {
		_ = s.sockets.close()
	}
}

// start opens everything that machines are answered with.
func (d *daemon) start(ctx context.Context, next boot.Resolver, local tree.Local) (*service, error) {
	if err := d.config.checkPorts(d.exportPorts()); err != nil {
		return nil, err
	}
	interfaces, err := d.config.servingInterfaces(ctx)
	if err != nil {
		return nil, advice.Wrap(err, d.config.otherInterface(err))
	}
	if err := d.config.checkServerAddrs(); err != nil {
		return nil, err
	}
	files, remembered, err := d.openFiles(next, local)
	if err != nil {
		return nil, err
	}
	if d.certificate != nil {
		files.tree.HTTPSHost = d.certificate.Host
		d.certificateFits(interfaces)
	}
	s := &service{interfaces: interfaces, watcher: dhcp.NewWatcher(d.config.Interfaces), files: files}
	// DHCP comes first: where another Spur answers it, other ports are no way out.
	if d.config.DHCP != WithoutDHCP {
		s.offers = d.newOffers(files, remembered)
		if s.offers4, s.listener, err = d.openDHCP(ctx, interfaces, s.offers, s.watcher.Again); err != nil {
			return nil, err
		}
		if s.offers6, s.links6, err = d.openDHCP6(ctx, s.offers, s.watcher.Again); err != nil {
			s.close()
			return nil, err
		}
	}
	if s.sockets, err = openSockets(ctx, d.config, d.exportPorts(), d.config.withIPv6(interfaces)); err != nil {
		s.close()
		return nil, err
	}
	d.warnOfPorts(s.sockets.portmapTaken())
	return s, nil
}

// openFiles opens the files that machines fetch, and what is remembered of those.
func (d *daemon) openFiles(next boot.Resolver, local tree.Local) (*files, *memory, error) {
	long, err := openLong(d.store, d.notices.storeTrouble)
	if err != nil {
		return nil, nil, err
	}
	booted, chain, err := d.chain(next)
	if err != nil {
		return nil, nil, err
	}
	remembered, err := d.openMemory()
	if err != nil {
		return nil, nil, err
	}
	clients := &decide.Clients{Neighbour: neighbour, Router: router, Board: boardAt}
	return &files{
		tree: &tree.Tree{
			Boots: clients, Brings: d.brings, Locked: d.locked, Unlock: d.unlock, Disks: rawdisk.Ready{Images: d.disks},
			Names: d.names, Host: d.host, Signing: d.signing, Unpacking: &tree.Unpacking{}, Resolver: chain,
			Sources: tree.Sources{Upstream: openURL(d.cache), Part: openPart(d.cache), Local: local, Images: tree.NewImages()}, LongSources: long, ScriptFiles: d.scriptFiles, ScriptsOf: d.scriptsOf(),
			HTTPPort: d.config.HTTPPort, HTTPSPort: d.config.HTTPS.Port, TFTPPort: d.config.TFTPPort,
			Exports: d.config.exports(), AskAtRoot: d.config.DHCP == WithoutDHCP,
		},
		events:  remembered.events,
		clients: clients,
		booted:  booted,
	}, remembered, nil
}

// tasks are what runs while machines are answered, but for the timeline.
func (d *daemon) tasks(s *service) tasks {
	web := s.files.httpServer(d.notices, route.HTTP)
	if d.acme != nil {
		web.Handler = d.acme.Answer(web.Handler)
	}
	serve := servers{web: web.Serve, trivial: s.files.tftpServer(d.notices).Serve, mounted: s.files.exportServers(d.config, d.notices)}
	if d.certificate != nil {
		secure := s.files.httpServer(d.notices, route.HTTPS)
		secure.TLS, secure.TLSHost = tlsConfig(d.certificate), d.certificate.Host
		serve.secure = secure.Serve
	}
	all := tasks{
		{"files", func(ctx context.Context, ready func()) error {
			return s.sockets.serve(ctx, serve, ready)
		}},
		{"interfaces", func(ctx context.Context, ready func()) error {
			ready()
			return d.links(s).run(ctx)
		}},
	}
	all = append(all, task{"unpacking", func(ctx context.Context, ready func()) error {
		ready() // images come into menus when they are there
		d.disks.Run(ctx)
		return nil
	}})
	if d.acme != nil {
		all = append(all, task{"certificate", func(ctx context.Context, ready func()) error {
			ready() // the ACME server comes to what is served
			return d.acme.Run(ctx)
		}})
	}
	for _, f := range d.ahead {
		all = append(all, task{"fetching ahead", func(ctx context.Context, ready func()) error {
			ready() // a machine that asks meanwhile waits for the same download
			d.fetchAhead(ctx, f)
			return nil
		}})
	}
	if d.watching != nil {
		all = append(all, task{"watching files", d.watching})
	}
	if s.listener == nil {
		return all
	}
	return append(all, task{"DHCP", func(ctx context.Context, ready func()) error {
		defer s.offers.Wait()
		ready() // packets wait in the sockets, which are open
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return s.listener.Run(ctx, func(p dhcp.Packet) { s.offers4.Handle(ctx, p) }) })
		g.Go(func() error {
			s.links6.listener.Run(ctx, func(p dhcp6.Packet) { s.offers6.Handle(ctx, p) })
			return nil
		})
		return g.Wait()
	}})
}

// fetchAhead fetches a file whose size isn't known, for which the first machine
// would have to wait. What goes wrong, the machine that asks for the file is told. What
// lies in an image is a part of it, of a size that is known, and of one that is mounted no more
// is fetched than is read.
func (d *daemon) fetchAhead(ctx context.Context, f boot.File) {
	if !f.IsURL() || f.Inside != "" || f.Told.Word != "" {
		return
	}
	if file, err := d.cache.Open(ctx, f.Source); err == nil {
		_ = file.WaitSize(nil)
		_ = file.Close()
	}
}

// run runs all tasks. The timeline is the last to end, so that it hears how
// transfers were cut off.
func (d *daemon) run(ctx context.Context, s *service) error {
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx))
	told := make(chan struct{})
	go func() {
		defer close(told)
		s.files.events.Run(telling)
	}()
	defer func() {
		stopTelling()
		<-told
		d.notices.end(s.offers.Dropped())
	}()
	return d.tasks(s).run(ctx, func() { d.notices.ready(d, s) })
}
