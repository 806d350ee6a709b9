package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/hint"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/sandbox"
	"github.com/spurboot/spur/internal/scratch"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// Boot boots every machine that asks into one target, until ctx ends.
func Boot(ctx context.Context, c Config, t Target) error {
	d, l, err := openWith(ctx, c, t)
	if err != nil {
		return err
	}
	defer d.close()
	if d.beside, err = l.siblings(openURL(d.cache)); err != nil {
		return err
	}
	if d.beside != nil {
		defer d.beside.Close()
	}
	if err := l.findLoaded(ctx, d.beside, d.loaders); err != nil {
		return err
	}
	for _, w := range l.warnings {
		d.voice.warn(w)
	}
	d.title = fmt.Sprintf("%s (%s)", l.payload.Title(), l.about)
	if d.given, err = given(l.payload, d.loaders); err != nil {
		return err
	}
	d.ahead = l.payload.Files()
	files := filesOf(l.payload)
	if d.beside != nil {
		files.folders = l.folders()
	}
	return d.serve(ctx, resolver.Static{Payload: l.payload}, files, tree.NamedFiles(l.payload.Files()))
}

// daemon holds what outlives a single boot.
type daemon struct {
	config  Config
	title   string   // what machines are booted into, for people
	given   []string // what each kind of machine is given; empty where only the machine's own request tells
	voice   *voice
	store   store.Store
	names   tree.Names
	account sandbox.Account // whom it becomes
	loaders route.Loaders
	cache   *fetch.Cache
	ahead   []boot.File     // that machines will ask for
	beside  *tree.Beside    // what an iPXE script names relative to itself; nil without one
	temp    *scratch.Folder // for what is fetched; nil with --data
}

// open prepares everything that needs no network.
func open(c Config) (*daemon, error) {
	d := &daemon{config: c, voice: newVoice(c)}
	if err := d.open(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// openWith opens a daemon and looks into its target.
func openWith(ctx context.Context, c Config, t Target) (*daemon, looked, error) {
	d, err := open(c)
	if err != nil {
		return nil, looked{}, err
	}
	l, err := t.look(ctx, upstream{openURL(d.cache), d.voice.note})
	if err != nil {
		d.close()
		return nil, looked{}, err
	}
	return d, l, nil
}

func (d *daemon) open() error {
	var err error
	if d.account, err = sandbox.FindAccount(d.config.User); err != nil {
		return err
	}
	if err = d.account.CheckChange(); err != nil {
		return err
	}
	if d.loaders, err = d.config.findLoaders(); err != nil {
		return err
	}
	if d.config.Data == "" {
		d.store, d.names.Key = store.Memory(), seal.NewKey()
		return d.openCache()
	}
	if err := d.openKept(); err != nil {
		return err
	}
	return d.openCache()
}

// openCache opens the folder for what is fetched. A dry run fetches into one that
// goes with it.
func (d *daemon) openCache() (err error) {
	if d.config.Data == "" || d.config.DryRun {
		if d.temp, err = scratch.New("spur-fetched-", d.account.UID); err != nil {
			return err
		}
	}
	d.cache, err = fetch.New(fetch.Options{Dir: d.cacheDir(), StaleOK: true})
	return hint.Or(err, adviseFolder(err))
}

func (d *daemon) close() {
	if d.cache != nil {
		_ = d.cache.Close()
	}
	if d.store != nil {
		_ = d.store.Close()
	}
	if d.temp != nil {
		_ = d.temp.Close()
	}
}

// serve answers machines until ctx ends or something fails. A dry run ends
// where serving would begin.
func (d *daemon) serve(ctx context.Context, next boot.Resolver, from sharedFiles, local tree.Local) error {
	s, err := d.start(ctx, next, local)
	if err != nil {
		return err
	}
	defer s.close()
	if s.status, err = d.confine(from); err != nil {
		return err
	}
	if d.config.DryRun {
		d.voice.wouldServe(d, s)
		return nil
	}
	d.voice.ready(d, s)
	return d.run(ctx, s)
}

// service is what machines are answered with.
type service struct {
	interfaces []dhcp.Interface
	watcher    *dhcp.Watcher
	files      *files
	sockets    *sockets
	offers     *offers        // nil where Spur takes no part in DHCP
	listener   *dhcp.Listener // nil likewise
	status     sandbox.Status
}

func (s *service) close() {
	if s.listener != nil {
		_ = s.listener.Close()
	}
	if s.sockets != nil {
		_ = s.sockets.close()
	}
}

// start opens everything that machines are answered with.
func (d *daemon) start(ctx context.Context, next boot.Resolver, local tree.Local) (*service, error) {
	interfaces, err := dhcp.Interfaces(d.config.Interfaces)
	if err != nil {
		return nil, hint.Wrap(err, d.config.otherInterface())
	}
	if err := d.config.checkServerAddrs(); err != nil {
		return nil, err
	}
	long, err := openLong(d.store, time.Now(), d.voice.storeTrouble)
	if err != nil {
		return nil, err
	}
	booted, chain, err := d.chain(next)
	if err != nil {
		return nil, err
	}

	files := &files{
		tree: &tree.Tree{
			Names: d.names, Loaders: d.loaders, Resolver: chain,
			Sources: tree.Sources{Upstream: openURL(d.cache), Local: local}, Long: long, Beside: d.beside,
			HTTPPort: d.config.HTTPPort, TFTPPort: d.config.TFTPPort,
			AskAtRoot: d.config.DHCP == WithoutDHCP,
		},
		story:   timeline.New(timeline.Config{Observers: d.voice.observers()}),
		machine: neighbour,
		booted:  booted,
	}
	s := &service{interfaces: interfaces, watcher: dhcp.NewWatcher(d.config.Interfaces), files: files}
	// DHCP comes first: where another Spur answers it, other ports are no way out.
	if s.offers, s.listener, err = d.openDHCP(ctx, interfaces, files, s.watcher.Again); err != nil {
		return nil, err
	}
	if s.sockets, err = openSockets(ctx, d.config, interfaces); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// chain puts the operator's restrictions before the resolver. The function
// marks a machine as booted.
func (d *daemon) chain(next boot.Resolver) (func(boot.MAC), boot.Resolver, error) {
	booted := func(boot.MAC) {}
	if d.config.Once {
		once, err := d.once(next)
		if err != nil {
			return nil, nil, err
		}
		booted = func(mac boot.MAC) {
			if err := once.Done(mac); err != nil {
				d.voice.storeTrouble(err)
			}
		}
		next = once
	}
	if len(d.config.Only) > 0 {
		next = resolver.NewOnly(next, d.config.Only)
	}
	return booted, next, nil
}

// once lets each machine boot once; with --data also over a restart.
func (d *daemon) once(next boot.Resolver) (*resolver.Once, error) {
	if !d.keepsBooted() || d.config.DryRun {
		return resolver.NewOnce(next, nil), nil
	}
	marks, err := store.OpenMarks(bootedDir(d.config.Data))
	if err != nil {
		return nil, hint.Or(err, adviseFolder(err))
	}
	return resolver.NewOnce(next, bootedMarks{marks}), nil
}

// keepsBooted tells whether it is written down which machines have booted.
func (d *daemon) keepsBooted() bool { return d.config.Once && d.config.Data != "" }

// openDHCP opens what answers DHCP requests; both results are nil where Spur
// is to take no part in DHCP. An interface that can't be read has lookAgain called.
func (d *daemon) openDHCP(ctx context.Context, interfaces []dhcp.Interface, f *files, lookAgain func()) (*offers, *dhcp.Listener, error) {
	if d.config.DHCP == WithoutDHCP {
		return nil, nil, nil
	}
	addresses, err := d.openAddresses(ctx, interfaces)
	if err != nil {
		return nil, nil, err
	}
	listener, err := dhcp.Listen(interfaces, dhcp.Hooks{
		Malformed: d.voice.malformedDHCP, Down: func(string, error) { lookAgain() },
		Overheard: func(o dhcp.Overheard) { observeOther(f.story, o) },
		Panicked: func(iface string, value any, stack []byte) {
			d.voice.panicked("DHCP packet on "+iface, value, stack)
		},
	})
	if err != nil {
		return nil, nil, adviseListen(err)
	}
	listener.ServerAddrs = d.config.ServerAddrs
	if addresses != nil && listener.Port67Taken && !d.config.Force {
		err := hint.New("another program on this host holds port 67; it is a DHCP server, most likely",
			"leave --dhcp server out to work beside it, stop it, or overrule this with --force")
		return nil, nil, errors.Join(err, listener.Close())
	}
	return &offers{
		resolver: f.tree.Resolver, tree: f.tree, story: f.story, addresses: addresses, beside: listener.Port67Taken,
		reach: listener.Reach, send: listener.Send, trouble: d.voice.trouble, panicked: d.voice.panicked, slots: make(chan struct{}, maxAnswers),
	}, listener, nil
}

// adviseListen says what to do where DHCP can't be listened to.
func adviseListen(err error) error {
	var claimed *dhcp.ClaimedError
	switch {
	case errors.As(err, &claimed):
		return hint.Wrap(err, "stop that one, or give each its own by --interface: two on one wire would answer each machine twice")
	case errors.Is(err, fs.ErrPermission):
		return hint.Wrap(err, "run as root, or give the binary CAP_NET_RAW and CAP_NET_BIND_SERVICE")
	}
	return err
}

// openAddresses makes our own DHCP server; nil where another one gives the
// addresses.
func (d *daemon) openAddresses(ctx context.Context, interfaces []dhcp.Interface) (*dhcp.Server, error) {
	if d.config.DHCP != OwnDHCP {
		return nil, nil
	}
	pools, err := d.config.pools(interfaces)
	if err != nil {
		return nil, err
	}
	if warning := unpooled(interfaces, pools); warning != "" {
		d.voice.warn(warning)
	}
	if !d.config.Force {
		if err := alone(ctx, interfaces, pools); err != nil {
			return nil, err
		}
	}
	return dhcp.NewServer(dhcp.ServerConfig{Pools: pools, Store: leaseStore{d.store}, Authoritative: !d.config.Force})
}

// bring fetches a file whose size isn't known, for which the first machine would
// have to wait. What goes wrong, the machine that asks for the file is told.
func (d *daemon) bring(ctx context.Context, f boot.File) {
	if !f.IsURL() {
		return
	}
	if file, err := d.cache.Open(ctx, f.Source); err == nil {
		_ = file.WaitSize(nil)
		_ = file.Close()
	}
}

// run starts every server and ends them together. The timeline is the last to
// end, so that it hears how transfers were cut off.
func (d *daemon) run(ctx context.Context, s *service) error {
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx))
	told := make(chan struct{})
	go func() {
		defer close(told)
		s.files.story.Run(telling)
	}()
	defer func() {
		stopTelling()
		<-told
		d.voice.end(s.offers.droppedCount())
	}()

	g, ctx := errgroup.WithContext(ctx)
	web := s.files.httpServer(d.voice)
	trivial := s.files.tftpServer(d.voice)
	g.Go(func() error { return s.sockets.serve(ctx, web.Serve, trivial.Serve) })
	g.Go(func() error { return d.links(s).run(ctx) })
	for _, f := range d.ahead {
		g.Go(func() error { d.bring(ctx, f); return nil })
	}
	if s.listener != nil {
		g.Go(func() error {
			defer s.offers.wait()
			return s.listener.Run(ctx, func(p dhcp.Packet) { s.offers.handle(ctx, p) })
		})
	}
	return g.Wait()
}
