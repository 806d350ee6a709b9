package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/tree"
)

// Explain says, without a machine and without opening a socket, how a client
// would get to a target: the ladder of its routes, what each offer says, and
// the script that its loader would follow. That there is no route is an error.
func Explain(ctx context.Context, c Config, t Target, q Question) error {
	key, example, err := c.readKey()
	if err != nil {
		return err
	}
	l, host, err := c.examine(ctx, t)
	if err != nil {
		return err
	}
	locked, err := c.lockedKey()
	if err != nil {
		return err
	}
	l = l.on(q.Client)
	l.warnings = append(l.warnings, slices.DeleteFunc([]string{example, locked}, func(s string) bool { return s == "" })...)
	o := outlook.Outlook{Host: host, Proxied: c.lease() == route.Theirs}
	q.Client = o.Asks(q.Client)
	shown := offered(ctx, host, q.Client, l)
	q.Client = shown.Client
	e := explanation{
		out: c.Out, question: q, payload: shown.Payload, menu: shown.Menu, lease: c.lease(), shown: map[boot.Loader]string{},
		tree: c.tree(key, host),
	}
	switch {
	case c.HTTPS.ACME.Name != "":
		e.tree.HTTPSHost = func(netip.Addr) string { return c.HTTPS.ACME.Name }
	case c.HTTPS.Certificate != "":
		files, err := c.HTTPS.fromFiles()
		if err != nil {
			return err
		}
		e.tree.HTTPSHost = files.Host
	}
	e.line("Target   %s", l.described())
	if why := o.RefusedPayload(e.payload); why != "" && q.Client.Firmware == boot.UEFI {
		l.warnings = append(l.warnings, why)
	}
	for _, w := range l.warnings {
		e.line("         warning: %s", w)
	}
	e.line("Machine  %s with the UUID %s, for example: names of files are sealed with both", q.Client.MAC, q.Client.UUID)
	return e.ladder(q.Client, "")
}

// examine looks into a target as a start does, and for what this host has.
func (c Config) examine(ctx context.Context, t Target) (looked, route.Host, error) {
	host, err := c.findHost()
	if err != nil {
		return looked{}, route.Host{}, err
	}
	cache, err := fetch.New(fetch.Options{})
	if err != nil {
		return looked{}, route.Host{}, err
	}
	defer cache.Close()
	l, err := t.look(ctx, upstream{openURL(cache), func(line string) { fmt.Fprintln(c.Out, line) }})
	if err != nil {
		return looked{}, route.Host{}, err
	}
	files, err := l.scriptFiles(openURL(cache))
	if err != nil {
		return looked{}, route.Host{}, err
	}
	if files != nil {
		defer files.Close()
	}
	return l, host, l.findLoaded(ctx, files, host)
}

// Bootable tells, without a machine, what keeps a client from being booted into
// a target; nil where nothing does. Without a kernel the target is one that
// fits.
func Bootable(ctx context.Context, c Config, t Target, client boot.Client) error {
	host, err := c.findHost()
	l := looked{payload: boot.Payload{Content: boot.Linux{}}}
	if t.Kernel != "" && err == nil {
		l, host, err = c.examine(ctx, t)
	}
	if err != nil {
		return err
	}
	if l = l.on(client); l.menu != nil && client.Proto == boot.PXE {
		return nil // a machine is shown the items that it can boot, and others' servers
	}
	if ladder := route.Routes(client, l.payload, host); len(ladder.Routes) == 0 {
		return outlook.NoRoute(client, ladder, l.payload, host, "; spur explain says what is in the way of each route")
	}
	return nil
}

// readKey reads the key of the Spur that uses the folder Data, whether or not
// it runs, and writes nothing there. Without a folder the key is a new one; so it is
// where no Spur has kept one yet, which example then says.
func (c Config) readKey() (key *seal.Key, example string, err error) {
	if c.Data == "" {
		return seal.NewKey(), "", nil
	}
	key, err = seal.ReadKey(c.keyFile())
	switch {
	case err == nil:
		return key, "", nil
	case errors.Is(err, fs.ErrNotExist):
		return seal.NewKey(), fmt.Sprintf("no Spur has kept its key in the folder %s: the names of files are examples", c.Data), nil
	case errors.Is(err, fs.ErrPermission):
		return nil, "", advice.Wrap(err, "run as the user that the Spur of that folder runs as")
	case errors.Is(err, syscall.ENOTDIR):
		return nil, "", advice.New(c.Data+" is no folder", "name the folder that spur boot or spur api has as --data, or leave --data out")
	}
	return nil, "", advice.Or(err, keyAdvice)
}

// explanation is one run of Explain.
type explanation struct {
	out      io.Writer
	question Question
	payload  boot.Payload
	menu     *decide.Menu // nil for none
	toldMenu bool
	tree     *tree.Tree
	lease    route.Lease
	shown    map[boot.Loader]string // by which route the configuration of a loader was shown
}

func (e *explanation) line(format string, a ...any) {
	_, _ = io.WriteString(e.out, printable.Text(fmt.Sprintf(format, a...))+"\n")
}

// ladder explains the routes of one client; indent is set for the client that
// a loader becomes once it runs.
func (e *explanation) ladder(c boot.Client, indent string) error {
	e.line("%sClient   %s, %s, %s speaking", indent, c.Platform(), strings.ToUpper(string(c.Proto)), outlook.Speaker(c))
	e.shapes(c, indent)
	ladder := route.Routes(c, e.payload, e.tree.Host)
	explained := 0 // the number of the route whose loader's course was told
	for n, r := range ladder.Routes {
		e.line("%s%d. %s: %s over %s", indent, n+1, r.Name, r.Give, strings.ToUpper(string(r.Via)))
		e.line("%s   because %s", indent, r.Why)
		if err := e.offer(c, r, indent+"   "); err != nil {
			return err
		}
		if err := e.exchanged(c, r, n, indent+"   "); err != nil {
			return err
		}
		if r.Role == route.NBP && c.Firmware == boot.UEFI {
			e.loaderSignature(r, indent+"   ")
		}
		if explained > 0 && r.Role == route.NBP && !r.Shim && r.Loader == boot.IPXE {
			e.line("%s   then as in route %d", indent, explained)
			continue
		}
		if r.Role == route.NBP && !r.Shim && r.Loader == boot.IPXE {
			explained = n + 1
		}
		if err := e.then(c, r, indent+"   "); err != nil {
			return err
		}
	}
	e.rejected(ladder.Rejected, indent)
	if len(ladder.Routes) == 0 {
		return outlook.NoRoute(c, ladder, e.payload, e.tree.Host, "")
	}
	return nil
}

// rejected says what is in the way of the other ways, and once of all for which a
// payload brings a loader of its own.
func (e *explanation) rejected(all []route.Rejected, indent string) {
	_, brings := e.payload.Content.(boot.Bringer)
	var aside []string
	for _, r := range all {
		if brings && r.Aside() {
			aside = append(aside, r.Name)
			continue
		}
		e.line("%s-  %s cannot be taken: %s", indent, r.Name, r.Why)
	}
	if len(aside) > 0 {
		e.line("%s-  the ways by loaders of Spur's are not taken, since %s brings its own: %s", indent, e.payload.Title(), strings.Join(aside, ", "))
	}
}

// shapes lists the forms that the offer takes in turn, with what for where the
// bytes are asked for too.
func (e *explanation) shapes(c boot.Client, indent string) {
	shapes := route.ShapesFor(c, e.lease)
	if len(shapes) < 2 {
		return
	}
	var names []string
	for _, s := range shapes {
		names = append(names, s.Name)
	}
	e.line("%sOffer    in the shape %s; while the machine takes none: %s", indent, names[0], strings.Join(names[1:], ", "))
	if !e.question.Bytes {
		return
	}
	for _, s := range shapes {
		e.line("%s         %s: %s", indent, s.Name, s.Why)
	}
}

// then explains what follows once the client runs what it was given.
func (e *explanation) then(c boot.Client, r route.Route, indent string) error {
	if r.Shim {
		return e.chain(c, r, indent)
	}
	if r.Loader == boot.Apple {
		e.booter(c, r, indent)
		return nil
	}
	if folder, ok := e.payload.Content.(boot.Folder); ok && r.Form == route.ConfigForm {
		e.line("%s%s and what it needs are of this host; its configuration, and what that names, comes from %s", indent, r.Give, folder.Dir)
		return nil
	}
	if bringer, ok := e.payload.Content.(boot.Bringer); ok && (r.Loader == boot.ROM || r.Unsealed()) {
		e.brought(bringer, r, indent)
		return nil
	}
	switch r.Role {
	case route.Script:
		e.script(c, r, indent)
		return nil
	case route.Kernel:
		e.program(c, r, indent)
		return nil
	}
	if r.Loader != boot.IPXE {
		e.configured(c, r, indent)
		return nil
	}
	return e.iPXE(c, r.Give, indent)
}

// configured explains what follows once a loader runs that fetches its configuration
// without asking for an address.
func (e *explanation) configured(c boot.Client, r route.Route, indent string) {
	given, _ := e.tree.Loaders.Given(r, c)
	what := strings.TrimSpace(string(given.Identity.Kind) + " " + given.Identity.Version)
	if route.FindLoader(r.Loader).Config == nil {
		e.line("%s%s is %s, %s; it looks for its configuration beside itself or in a folder of its own, and gets this one, by its address", indent, r.Give, given.Path, what)
	} else {
		e.line("%s%s is %s, %s", indent, r.Give, given.Path, what)
	}
	for _, b := range given.Beside {
		e.line("%sbeside itself it asks for %s, and gets %s", indent, b.File, b.Path)
	}
	e.script(c, r, indent)
}

// iPXE explains what follows once iPXE runs.
func (e *explanation) iPXE(c boot.Client, file, indent string) error {
	next := c
	next.Loader, next.Proto, next.Features = boot.IPXE, boot.PXE, boot.UsualIPXE
	e.line("%sthen %s runs and asks for an address again:", indent, file)
	shown := e.menu
	defer func() { e.menu = shown }()
	e.menu = nil // it knows what was chosen
	return e.ladder(next, indent)
}

// chain explains what follows once a shim runs.
func (e *explanation) chain(c boot.Client, r route.Route, indent string) error {
	chain, _ := e.tree.Loaders.Chain(r, c)
	second := chain.Second
	e.line("%s%s is %s, %s %s; beside itself it asks for what it starts, and gets %s, %s %s",
		indent, r.Give, chain.Shim.Path, chain.Shim.Identity.Kind, chain.Shim.Identity.Version, second.Path, second.Identity.Kind, second.Identity.Version)
	if r.Loader == boot.IPXE {
		return e.iPXE(c, filepath.Base(second.Path), indent)
	}
	e.line("%sthat looks for its configuration in %s; wherever it does, it gets this one, by its address", indent, second.Identity.Prefix)
	e.script(c, r, indent)
	return nil
}

// script shows the configuration of a loader: once, since by other routes nothing but
// the addresses in it is another.
func (e *explanation) script(c boot.Client, r route.Route, indent string) {
	urls := e.tree.URLs(c, r, e.payload, tree.Asker{Via: r.Via, Server: c.Server})
	name := route.FindLoader(r.Loader).Next.Name
	if r.Loader == boot.UBoot {
		e.uBootScript(c, r, urls, indent)
		name = route.PXELINUXConfig
	}
	if shown, ok := e.shown[r.Loader]; ok {
		e.line("%s%s is as by %s, with addresses of its own", indent, name, shown)
		return
	}
	e.shown[r.Loader] = r.Name
	e.line("%s%s:", indent, name)
	for line := range strings.Lines(tree.Configuration(c, e.payload, r, urls)) {
		e.line("%s  | %s", indent, strings.TrimRight(line, "\n"))
	}
	linux, _ := e.payload.Content.(boot.Linux)
	if cmdline := linux.Cmdline.Expand(urls.File, urls.Beacon); cmdline != "" {
		e.line("%sof which the kernel's command line is: %s", indent, cmdline)
	}
}

// brought explains what follows once a program runs that the payload brings.
func (e *explanation) brought(b boot.Bringer, r route.Route, indent string) {
	switch content := b.(type) {
	case boot.NBP:
		e.line("%s%s is the payload as it is; what it asks for beside itself: %s", indent, r.Give, besides(content))
	case boot.Folder:
		e.line("%s%s is the folder's own; what it asks for, beside itself or at the root, comes from %s", indent, r.Give, content.Dir)
	}
}

// besides lists what is beside an NBP.
func besides(n boot.NBP) string {
	var names []string
	for _, f := range n.Beside {
		names = append(names, f.Base())
	}
	if len(names) == 0 {
		return "nothing is there"
	}
	return strings.Join(names, ", ")
}

// uBootScript shows the script by which U-Boot comes to its configuration.
func (e *explanation) uBootScript(c boot.Client, r route.Route, urls loader.URLs, indent string) {
	e.line("%s%s:", indent, r.Give)
	for line := range strings.Lines(loader.UBootScript(c, e.payload, e.tree.Names.Boot(c, r), urls)) {
		e.line("%s  | %s", indent, strings.TrimRight(line, "\n"))
	}
}

// program explains the one file that firmware starts by itself.
func (e *explanation) program(c boot.Client, r route.Route, indent string) {
	linux, ok := e.payload.Content.(boot.Linux)
	if !ok {
		e.line("%s%s is %s as it is%s", indent, r.Give, e.payload.Title(), e.signature())
		return
	}
	parts := []string{linux.Kernel.Base()}
	for _, f := range linux.Initrds {
		parts = append(parts, f.Base())
	}
	stub, _ := e.tree.Loaders.Stub(c)
	e.line("%s%s is put together while it is served: %s, then %s%s", indent, r.Give, stub.File, strings.Join(parts, ", "), e.signature())
	urls := e.tree.URLs(c, r, e.payload, tree.Asker{Via: r.Via, Server: c.Server})
	if cmdline := linux.Cmdline.Expand(urls.File, urls.Beacon); cmdline != "" {
		e.line("%sits command line is: %s", indent, cmdline)
	}
}

// loaderSignature says whether what this host has for a route gets a signature.
func (e *explanation) loaderSignature(r route.Route, indent string) {
	switch {
	case !e.tree.Signs:
	case r.Shim:
		e.line("%s%s and what it starts are what this host has%s", indent, r.Give, e.signature())
	default:
		e.line("%s%s is what this host has%s", indent, r.Give, e.signature())
	}
}

// signature says whether a file gets one.
func (e *explanation) signature() string {
	if e.tree.Signs {
		return ", with a signature by your key of Secure Boot"
	}
	return ""
}
