package explain

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/size"
	"github.com/spurboot/spur/internal/tree"
)

// Spur is the one by which a machine would boot.
type Spur struct {
	Tree  *tree.Tree // names what is offered, for its Host
	Lease route.Lease
}

// Target is what would be booted.
type Target struct {
	About    string   // what it is, for people
	Items    []string // of a menu: what each boots
	LeftOut  []string // of a menu's folders: what can't be booted, and why
	Warnings []string // what may be wrong with it
	Payload  boot.Payload
	Resolver boot.Resolver
	Menu     *decide.Menu // nil for none
}

// Boot says how a client would get to a target: the ladder of its routes, what each
// offer says, and the script that its loader would follow. Nothing is opened. That
// there is no route is an error.
func Boot(ctx context.Context, out io.Writer, s Spur, t Target, q Question) error {
	o := outlook.Outlook{Host: s.Tree.Host, Proxied: s.Lease == route.Theirs}
	q.Client = o.Asks(q.Client)
	shown := offered(ctx, s.Tree.Host, q.Client, t)
	c := shown.Client
	e := explanation{out: out, question: q, payload: shown.Payload, menu: shown.Menu, lease: s.Lease, shown: map[boot.Loader]string{}, tree: s.Tree}
	e.line("Target   %s", t.About)
	for n, item := range t.Items {
		e.line("         %d. %s", n+1, item)
	}
	if len(t.Items) > 0 {
		e.line("         --item NUMBER shows how one of them boots")
	}
	for _, left := range t.LeftOut {
		e.line("         left out: %s", left)
	}
	for _, w := range t.Warnings {
		e.line("         warning: %s", w)
	}
	if why := o.RefusedPayload(e.payload); why != "" && c.Firmware == boot.UEFI {
		e.line("         warning: %s", why)
	}
	e.line("Machine  %s with the UUID %s, for example: both are, encrypted, in the long names of its files", c.MAC, c.UUID)
	return e.ladder(c, "")
}

// offered is what a client is told by a menu: what it boots where nobody chooses, and
// the items that it can boot. Without a menu, and where it can boot none, it is the target.
// One that loaders draw is a target; nothing draws it on some machines.
func offered(ctx context.Context, host route.Host, c boot.Client, t Target) decide.Decision {
	decider := decide.Decider{Resolver: t.Resolver, Host: host, Failed: func(boot.MAC) []string { return nil }, Menu: t.Menu}
	if d, err := decider.Decide(ctx, c); err == nil && (t.Menu != nil || d.Menu != nil || d.Client.Item != c.Item) {
		return d
	}
	return decide.Decision{Client: c, Payload: t.Payload}
}

// explanation is one run of Boot.
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
	target := e.payload
	defer func() { e.payload = target }()
	for n, r := range ladder.Routes {
		e.payload = r.Medium.Of(target)
		e.line("%s%d. %s: %s over %s", indent, n+1, r.Name, r.Give, strings.ToUpper(string(r.Via)))
		e.line("%s   because %s", indent, r.Why)
		if n := r.Needs(c, e.payload); n >= route.NeedsTold {
			e.line("%s   for which the machine needs about %s of memory", indent, size.About(n))
		}
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
	e.payload = target
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
	e.line("%sOffer    in the shape %s; a machine that takes none is offered the same in other options of DHCP: %s", indent, names[0], strings.Join(names[1:], ", "))
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
	if r.Form == route.LocalForm && r.Loader == boot.ROM {
		return nil // nothing is fetched
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
	if route.FindLoader(r.Loader).Config == nil && r.Loader != boot.RAMDisk {
		e.line("%s%s is %s, %s; it looks for its configuration beside itself or in a folder of its own, and gets this one, by its address", indent, r.Give, given.Place(), what)
	} else {
		e.line("%s%s is %s, %s", indent, r.Give, given.Place(), what)
	}
	if disk, ok := e.payload.Content.(boot.Disk); ok && r.Form == route.GRUBMemdiskForm {
		e.line("%sin it is %s, %d MiB, as its device (memdisk)", indent, disk.Title(), disk.Bytes>>20)
	}
	for _, b := range given.BesideFor(r.Form) {
		e.line("%sbeside itself it asks for %s, and gets %s", indent, b.File, b.Place())
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
	if r.Medium == route.MediumChain {
		e.mediumChain(c, r, indent)
		return nil
	}
	chain, _ := e.tree.Loaders.Chain(r, c)
	second := chain.Second
	e.line("%s%s is %s, %s %s; beside itself it asks for what it starts, and gets %s, %s %s",
		indent, r.Give, chain.Shim.Place(), chain.Shim.Identity.Kind, chain.Shim.Identity.Version, second.Place(), second.Identity.Kind, second.Identity.Version)
	if r.Loader == boot.IPXE {
		return e.iPXE(c, second.Name(), indent)
	}
	e.line("%sthat looks for its configuration in %s; wherever it does, it gets this one, by its address", indent, second.Identity.Prefix)
	e.script(c, r, indent)
	return nil
}

// mediumChain explains what follows once a shim of the payload's medium runs.
func (e *explanation) mediumChain(c boot.Client, r route.Route, indent string) {
	m, _ := e.payload.Medium()
	chain, _ := m.Chain(c.Arch)
	e.line("%s%s is %s, %s; beside itself it asks for what it starts, and gets %s, %s", indent, r.Give, chain.Shim, chain.ShimIs, chain.GRUB, strings.TrimSpace("GRUB "+chain.Version))
	e.line("%sthat looks for its configuration beside itself or in %s; wherever it does, it gets this one, by its address", indent, chain.Prefix)
	e.script(c, r, indent)
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
	if r.Loader == boot.RAMDisk && e.payload.Kind() == boot.KindXen {
		e.xenDisk(c, r, indent)
		return
	}
	if shown, ok := e.shown[r.Loader]; ok {
		e.line("%s%s is as by %s, with addresses of its own", indent, name, shown)
		return
	}
	e.shown[r.Loader] = r.Name
	e.line("%s%s:", indent, name)
	for line := range strings.Lines(e.tree.Configuration(c, e.payload, r, tree.Asker{Via: r.Via, Server: c.Server})) {
		e.line("%s  | %s", indent, strings.TrimRight(line, "\n"))
	}
	if menu, ok := e.payload.Content.(boot.Menu); ok {
		for _, why := range e.tree.NotShown(c, menu, r, tree.Asker{Via: r.Via, Server: c.Server}) {
			e.line("%snot in it: %s", indent, why)
		}
	}
	if xen, ok := e.payload.Content.(boot.Xen); ok {
		e.xenConfig(xen, urls, indent)
	}
	linux, _ := e.payload.Content.(boot.Linux)
	if cmdline := linux.Cmdline.Expand(urls.File, urls.Beacon); cmdline != "" {
		e.line("%sof which the kernel's command line is: %s", indent, cmdline)
	}
}

// brought explains what follows once a program runs that the payload brings.
func (e *explanation) brought(b boot.Bringer, r route.Route, indent string) {
	switch content := b.(type) {
	case boot.Disk:
		e.line("%s%s is the disk, %d MiB, which the machine must have as memory; on it the firmware starts the program for removable media", indent, r.Give, content.Bytes>>20)
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
	if e.payload.Kind() == boot.KindXen {
		e.xenDisk(c, r, indent)
		return
	}
	if !ok || r.Form == route.ProgramForm {
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
	case r.Medium == route.MediumChain:
		e.line("%s%s and what it starts are what the image has%s", indent, r.Give, e.signature())
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
