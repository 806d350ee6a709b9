package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Tree finds every file that Spur serves.
type Tree struct {
	Names Names
	route.Host
	Resolver    boot.Resolver
	Sources     Sources
	LongSources LongSources  // nil where names are made and none is opened
	Signing     *Signing     // signs what firmware and iPXE start; nil for nothing
	Unpacking   *Unpacking   // unpacks kernels that no loader does; nil where none is served
	ScriptFiles *ScriptFiles // what an operator's iPXE script names relative to itself; nil without one
	// ScriptsOf are those of a client whose machine has a target of its own; nil: ScriptFiles
	// are those of all.
	ScriptsOf func(boot.Client) *ScriptFiles
	// Brings tells what a client's payload brings of its own: files that are asked for
	// by names that no script of Spur's has. nil where no payload does.
	Brings func(boot.Client) (boot.Bringer, bool)
	// Locked tells whether a client's item boots for nobody but who knows its password, and
	// Unlock whether a password is right. nil: none has one.
	Locked    func(boot.Client) bool
	Unlock    func(context.Context, boot.Client, Asker) error
	Disks     Disks  // reads images of disks; nil: as they lie
	Boots     Boots  // for loaders that ask at the root; nil where nobody asks
	HTTPPort  uint16 // in the URLs of generated scripts; 0 where nothing is served over plain HTTP
	HTTPSPort uint16 // likewise, of HTTPS
	TFTPPort  uint16
	Exports   map[boot.Protocol]Export // images that systems mount over the network
	// HTTPSHost is how the server with an address is called in URLs, so that its
	// certificate has the name; nil for the address.
	HTTPSHost func(netip.Addr) string
	// AskAtRoot gives loaders to whoever knows their names, and the script to
	// any loader that comes without a sealed name. Only where somebody else's
	// DHCP server sends machines here: whoever can reach the server could ask
	// like that, from any network and by forged requests.
	AskAtRoot bool
}

// Asker is what a protocol knows of the one who asks for a file.
type Asker struct {
	Via    route.Via
	Server netip.Addr // the address of ours that was asked
	Query  url.Values // of an HTTP request
	Raw    string     // Query as it came
	Peer   netip.Addr // who asks; the zero value where nobody does
	// Password is what an HTTP request has; HasPassword: it has one.
	Password    string
	HasPassword bool
}

// Boots tells by its address which boot somebody is at who asks without a sealed
// name.
type Boots interface {
	// On notes that a client boots from an address.
	On(netip.Addr, boot.Client, route.Route)
	// Boot is the boot that was noted for there last.
	Boot(netip.Addr) (boot.Client, route.Route, bool)
	// At is who was seen taking an address.
	At(netip.Addr) (boot.Client, bool)
}

// Entry says what a path means.
type Entry struct {
	Client boot.Client // the zero value for a path without a sealed name
	Role   route.Role
	Name   string      // for people
	Last   bool        // the machine has all it needs once it has this
	Loader boot.Loader // the program that a loader's file is, where there are several
	// Spare: who asks for it does without it, and is expected to.
	Spare bool
	// Optional: who asks for it does without it where it isn't there.
	Optional bool
}

// Describe reads a path for which somebody asks, without opening anything. ok is
// false for a path that is neither sealed by us nor at the root of the tree.
func (t *Tree) Describe(asked string, peer netip.Addr) (e Entry, ok bool) {
	first, rest := Split(asked)
	name, err := t.Names.Open(first)
	if rest == "" || err != nil {
		return t.describeRoot(strings.TrimSuffix(first+"/"+rest, "/"), peer)
	}
	if !name.IsBoot() {
		file, _ := t.known(name)
		if file.IsRoot() {
			return describeInImage(name, rest), true
		}
		return Entry{Client: name.Client, Role: told(name.Role), Name: file.Base(), Last: name.Last}, true
	}
	if f, ok := t.brought(name, rest); ok {
		return f.describe(name.Client), true
	}
	f, known := t.declared(name, rest)
	return Entry{
		Client: name.Client, Role: f.Role, Name: rest, Last: f.Role == route.Kernel, Loader: f.Loader, Spare: name.Route.DoesWithout(rest),
	}, known
}

// told is the role in which a file is told of.
func told(role route.Role) route.Role {
	if role == route.Packed || role == route.Tagged {
		return route.Kernel
	}
	return role
}

// declared says what a file in a boot's tree is: one that its route declares, or
// one that an operator's script names relative to itself.
func (t *Tree) declared(n Name, name string) (route.File, bool) {
	if f, ok := n.Route.File(name); ok {
		return f, true
	}
	scripts := t.scriptFiles(n.Client)
	if scripts == nil || n.Route.Role != route.Script {
		return route.File{}, false
	}
	if _, ok := t.Loaders.Named(name); ok {
		return route.File{Name: name, Role: route.NBP}, true
	}
	role, ok := scripts.Role(path.Clean(name))
	return route.File{Name: name, Role: role}, ok
}

// scriptFiles are what the script that a client boots names relative to itself.
func (t *Tree) scriptFiles(c boot.Client) *ScriptFiles {
	if t.ScriptsOf != nil {
		return t.ScriptsOf(c)
	}
	return t.ScriptFiles
}

// Open opens the file at path. Errors wrap fs.ErrNotExist where there is no
// such file, and are safe to be shown to the one who asks.
func (t *Tree) Open(ctx context.Context, asked string, a Asker) (fs.File, error) {
	first, rest := Split(asked)
	if rest == "" {
		return t.openRoot(ctx, first, a, errAtRoot)
	}
	name, err := t.Names.Open(first)
	if err != nil {
		return t.openRoot(ctx, first+"/"+rest, a, err)
	}
	if name.IsBoot() {
		return t.openBoot(ctx, name, rest, a)
	}
	file, err := t.source(ctx, name)
	if err != nil {
		return nil, missing(asked, err)
	}
	if file.IsRoot() {
		return t.openInImage(ctx, file, rest)
	}
	if rest != file.Base() && rest != url.PathEscape(file.Base()) { // PXELINUX asks for what it is told, over TFTP too
		return nil, missing(asked, errors.New("a file's name has nothing below it"))
	}
	switch name.Role {
	case route.Kernel:
		return t.openSigned(ctx, file)
	case route.Tagged:
		return t.openTagged(ctx, file, name.Client.MAC, a)
	case route.Packed:
		kernel, err := t.openUnpacked(ctx, file)
		if err != nil {
			return nil, err
		}
		return t.Signing.sign(ctx, kernel, file.Key())
	}
	return t.Sources.Open(ctx, file)
}

// NoteBoot notes that the boot whose file is asked for is under way at an address. It
// is for addresses that are known to be the asker's: one datagram with a forged source
// would give a machine the configuration of another.
func (t *Tree) NoteBoot(asked string, peer netip.Addr) {
	first, _ := Split(asked)
	if name, err := t.Names.Open(first); t.Boots != nil && err == nil && name.IsBoot() {
		t.Boots.On(peer, name.Client, name.Route)
	}
}

// openBoot opens a file in the tree of one client's boot: one that its payload
// brings, one that its route declares, or one beside an operator's script.
func (t *Tree) openBoot(ctx context.Context, n Name, name string, a Asker) (fs.File, error) {
	if err := t.unlock(ctx, n, name, a); err != nil {
		return nil, err
	}
	if f, ok := t.brought(n, name); ok {
		return t.openBrought(ctx, f)
	}
	f, ok := n.Route.File(name)
	switch {
	case ok && (n.Route.Loader == boot.UBoot || n.Route.Loader == boot.UBootEFI):
		return t.openUBoot(ctx, n, f, "", a)
	case !ok && n.Route.Role == route.Script:
		return t.openScriptFile(ctx, name, n.Client, a)
	case !ok:
		return nil, missing(name, errors.New("the route "+n.Route.Name+" has no such file"))
	case n.Route.Loader == boot.Apple:
		return t.openNetBoot(ctx, n.Client, name)
	case f.Name == route.XenConfig:
		return t.xenConfig(ctx, n.Client, n.Route, a)
	case f.Name == route.XenDisk:
		return t.xenDisk(ctx, n.Client, n.Route, a)
	case f.Loader == boot.Memdisk || f.Loader == boot.Wimboot:
		b, ok := t.Loaders.Find(name, n.Client)
		return t.openBinary(ctx, name, b, ok)
	case f.Loader == boot.Shim && !n.Route.Shim:
		b, ok := t.Loaders.Shim(n.Client)
		return t.openBinary(ctx, name, b, ok)
	case n.Route.Medium == route.MediumChain && f.Role == route.NBP:
		return t.openMediumChain(ctx, n, f)
	case n.Route.Shim && f.Role == route.NBP:
		return t.openChained(ctx, n, f)
	case f.Role == route.NBP && name != n.Route.Give:
		b, _ := t.Loaders.Given(n.Route, n.Client)
		c, ok := b.Companion(name)
		return t.openBinary(ctx, name, c, ok)
	case f.Role == route.NBP:
		return t.openGiven(ctx, n, name)
	case f.Role == route.Script:
		return t.script(ctx, n.Client, n.Route, a), nil
	case f.Role == route.Kernel:
		return t.program(ctx, n.Client, n.Route, a)
	}
	return beacon(name, n.Client), nil
}

// beacon is what a running system is answered that says that it is up.
func beacon(name string, c boot.Client) *generated {
	return newGenerated(name, "Spur has seen that "+c.MAC.String()+" is up.\n")
}

// openScriptFile opens what an operator's script names relative to itself: the
// loaders of this host by their names, and what lies beside the script.
func (t *Tree) openScriptFile(ctx context.Context, name string, c boot.Client, a Asker) (fs.File, error) {
	scripts := t.scriptFiles(c)
	if scripts == nil {
		return nil, missing(name, errors.New("a boot has no such file"))
	}
	if b, ok := t.Loaders.Find(name, c); ok {
		return t.openLoader(ctx, b)
	}
	file, err := scripts.Open(ctx, path.Clean(name), a.Raw)
	if role, _ := scripts.Role(path.Clean(name)); err != nil || role != route.Kernel {
		return file, err
	}
	return t.Signing.sign(ctx, file, name+a.Raw)
}

func missing(name string, why error) error {
	return fmt.Errorf("%s: %w (%w)", name, fs.ErrNotExist, why)
}
