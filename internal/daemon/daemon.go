package daemon

import (
	"context"
	"fmt"

	"github.com/spurboot/spur/internal/acme"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/certificate"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/sandbox"
	"github.com/spurboot/spur/internal/scratch"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/tree"
)

// Boot boots every machine that asks into one target, until ctx ends.
func Boot(ctx context.Context, c Config, t target.Target) error {
	d, l, err := openWith(ctx, c, t)
	if err != nil {
		return err
	}
	defer d.close()
	if d.scriptFiles, err = l.ScriptFiles(openURL(d.cache)); err != nil {
		return err
	}
	if d.scriptFiles != nil {
		defer d.scriptFiles.Close()
	}
	if err := l.FindLoaded(ctx, d.scriptFiles, d.host); err != nil {
		return err
	}
	if err := t.CheckWatch(l); err != nil {
		return err
	}
	for _, w := range l.Warnings {
		d.notices.warn(w)
	}
	d.title, d.items, d.menu = l.Summary(), l.ItemLines(itemLinesMost), l.Menu()
	if _, err := (outlook.Outlook{Host: d.host}).Given(l.Outlook()); err != nil {
		return err
	}
	d.foresee = func(s *service) { d.foretell(s, l) }
	d.ahead, d.exports = l.Files(), t.Exports(l)
	d.exported = d.ahead
	files := localFiles(d.ahead)
	files.folders = l.Folders()
	local, close, err := l.Local()
	if err != nil {
		return err
	}
	defer close()
	d.brings = l.Brings
	d.locked, d.unlock = l.Passwords()
	if d.locked != nil && c.HTTPS.Port == 0 {
		d.notices.warn("passwords of the menu, and what they open, come in clear over plain HTTP: who can listen on the wire reads them; with --https-port 443 --http-port 0 they come over HTTPS")
	}
	if by := d.host.Loader; d.locked != nil && by != "" && by != boot.IPXE {
		d.notices.warn(fmt.Sprintf("nobody is shown the items with a password: only iPXE asks for one, and --loader %s is given out alone; leave --loader out", by))
	}
	if !t.Watch {
		return d.serve(ctx, l.Resolver(), files, local)
	}
	w := d.watch(t, l)
	defer w.Close()
	d.brings, d.watching = w.brings, w.run
	return d.serve(ctx, w, files, w)
}

// itemLinesMost is how many items of a menu are listed.
const itemLinesMost = 24

// daemon holds what outlives a single boot.
type daemon struct {
	config      Config
	title       string         // what machines are booted into, for people
	items       []string       // of a menu, likewise
	menu        *decide.Menu   // from which people choose that; nil for none
	given       []string       // what each kind of machine is given; empty where only the machine's own request tells
	foresee     func(*service) // finds that out, and warns; nil likewise
	notices     *notices
	store       store.Store
	names       tree.Names
	account     sandbox.Account // whom it becomes
	host        route.Host
	certificate certificate.Source // nil where no HTTPS is served
	acme        *acme.Certificate  // the same, if by ACME; else nil
	trusted     []string           // whom machines must trust for it, for people
	signing     *tree.Signing      // nil where there is no key
	signedBy    string             // the name of its certificate
	cache       *fetch.Cache
	disks       *rawdisk.Images
	ahead       []boot.File                                          // that machines will ask for
	exports     []boot.Protocol                                      // over which systems mount images
	exported    []boot.File                                          // those images, among other files
	brings      func(boot.Client) (boot.Bringer, bool)               // see tree.Tree
	locked      func(boot.Client) bool                               // see tree.Tree
	unlock      func(context.Context, boot.Client, tree.Asker) error // see tree.Tree
	machines    *machinesFile                                        // that says what each machine boots; nil for none
	watching    func(context.Context, func()) error                  // looks whether files have changed; nil where nobody asked for that
	scriptFiles *tree.ScriptFiles                                    // what an iPXE script names relative to itself; nil without one
	temp        *scratch.Folder                                      // for what is fetched; nil with --data
}

// open prepares everything that needs no network.
func open(c Config) (*daemon, error) {
	d := &daemon{config: c, notices: newNotices(c)}
	if err := d.open(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// openWith opens a daemon and looks into its target.
func openWith(ctx context.Context, c Config, t target.Target) (*daemon, target.Inspected, error) {
	d, err := open(c)
	if err != nil {
		return nil, target.Inspected{}, err
	}
	l, err := t.Inspect(ctx, d.upstream())
	if err != nil {
		d.close()
		return nil, target.Inspected{}, err
	}
	return d, l, nil
}

// upstream is by what it looks into targets.
func (d *daemon) upstream() target.Upstream {
	return target.Upstream{Open: lookURL(d.cache), Say: d.notices.note, Disks: d.disks}
}

func (d *daemon) open() error {
	var err error
	if d.account, err = sandbox.FindAccount(d.config.User); err != nil {
		return err
	}
	if err = d.account.CheckChange(); err != nil {
		return err
	}
	if d.host, err = d.config.findHost(); err != nil {
		return err
	}
	if wanted := d.host.Loader; !d.host.Loaders.Has(boot.IPXE) && (wanted == "" || wanted == boot.IPXE) {
		d.notices.warn("no iPXE was found on this host, and without one BIOS machines boot by PXELINUX or GRUB alone, where it has them; " + host.LoaderPackages() + "; --loaders names a folder that has it")
	}
	if d.config.Data == "" {
		d.store, d.names.Key = store.Memory(), seal.NewKey()
	} else if err := d.openKept(); err != nil {
		return err
	}
	if err := d.openSigning(); err != nil {
		return err
	}
	if err := d.openCertificate(); err != nil {
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
	d.cache, err = fetch.New(fetch.Options{Dir: d.cacheDir(), StaleOK: true, Own: d.own})
	d.disks = rawdisk.New(d.cacheDir(), d.notices.note)
	if !d.config.DryRun {
		d.disks.Background()
	}
	return advice.Or(err, datafolder.Advise(err))
}

func (d *daemon) close() {
	if d.acme != nil {
		d.acme.Close()
	}
	if d.disks != nil {
		_ = d.disks.Close()
	}
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
	if d.foresee != nil {
		d.foresee(s)
	}
	if s.status, err = d.confine(from); err != nil {
		return err
	}
	if d.config.DryRun {
		d.notices.wouldServe(d, s)
		return nil
	}
	return d.run(ctx, s)
}
