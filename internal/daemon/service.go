package daemon

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/dhcp6"
	"github.com/spurboot/spur/internal/pools"
	"github.com/spurboot/spur/internal/pxe"
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

// newOffers are those of what is served.
func (d *daemon) newOffers(f *files, m *memory) *answer.Offers {
	o := answer.New(decide.Decider{
		Resolver: f.tree.Resolver, Host: f.tree.Host, Failed: f.events.Failed, Shapes: f.events.Shapes, Lease: d.config.lease(),
		Menu: d.menu, Beside: d.config.AsBootServer != 0,
	}, f.tree, f.events, f.clients)
	o.Only, o.Recall, o.Recorder = d.config.AsBootServer, m.recall, m.recorder
	o.Trouble, o.Panicked = d.notices.trouble, d.notices.panicked
	return o
}

// openDHCP opens what answers DHCPv4 requests. An interface that can't be read
// has lookAgain called.
func (d *daemon) openDHCP(ctx context.Context, interfaces []dhcp.Interface, o *answer.Offers, lookAgain func()) (*answer.Offers4, *dhcp.Listener, error) {
	addresses, err := d.openAddresses(ctx, interfaces)
	if err != nil {
		return nil, nil, err
	}
	listener, err := dhcp.Listen(interfaces, dhcp.Hooks{
		Malformed: d.notices.malformedDHCP, Down: func(string, error) { lookAgain() },
		Overheard: o.Overheard,
		Panicked: func(iface string, value any, stack []byte) {
			d.notices.panicked("DHCP packet on "+iface, value, stack)
		},
	})
	if err != nil {
		return nil, nil, adviseListen(err)
	}
	listener.ServerAddrs = pools.Addrs(d.config.ServerAddrs, false)
	if d.menu != nil || d.config.AsBootServer != 0 {
		if err := listener.Join(pxe.DiscoveryGroup()); err != nil {
			return nil, nil, errors.Join(err, listener.Close())
		}
	}
	if addresses != nil && listener.Port67Taken && !d.config.Force {
		err := advice.New("another program on this host holds port 67; it is a DHCP server, most likely",
			"leave --dhcp server out to work beside it, stop it, or overrule this with --force")
		return nil, nil, errors.Join(err, listener.Close())
	}
	return &answer.Offers4{Offers: o, Addresses: addresses, Beside: listener.Port67Taken, Reach: listener.Reach, Send: listener.Send}, listener, nil
}

// adviseListen says what to do where DHCP can't be listened to.
func adviseListen(err error) error {
	var locked *dhcp.LockedError
	switch {
	case errors.As(err, &locked):
		return advice.Wrap(err, "stop that one, or give each its own by --interface: two on one wire would answer each machine twice")
	case errors.Is(err, fs.ErrPermission):
		return advice.Wrap(err, rightsAdvice)
	}
	return err
}

// openAddresses makes our own DHCP server; nil where another one gives the
// addresses.
func (d *daemon) openAddresses(ctx context.Context, interfaces []dhcp.Interface) (*dhcp.Server, error) {
	if d.config.DHCP != OwnDHCP || len(pools.Of(d.config.Pools, false)) == 0 {
		return nil, nil
	}
	given, err := d.config.asked().On(interfaces)
	if err != nil {
		return nil, err
	}
	if warning := pools.Unpooled(interfaces, given); warning != "" {
		d.notices.warn(warning)
	}
	if !d.config.Force {
		if err := pools.Alone(ctx, interfaces, given); err != nil {
			return nil, err
		}
	}
	return dhcp.NewServer(dhcp.ServerConfig{Pools: given, Store: leaseStore{d.store}, Authoritative: !d.config.Force})
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
