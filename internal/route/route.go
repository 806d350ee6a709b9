package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Via is the protocol over which a route's file is fetched.
type Via string

// The protocols that routes use.
const (
	TFTP Via = "tftp"
	HTTP Via = "http"
)

// Role says what a file is in the course of a boot.
type Role string

// The roles of files, in the order in which a boot meets them.
const (
	NBP    Role = "loader" // the network boot program that firmware loads
	Script Role = "script" // tells the loader what to do
	Kernel Role = "kernel"
	Initrd Role = "initrd"
	Extra  Role = "file" // a file that the command line refers to
	Beacon Role = "beacon"
)

// LoaderFile is a bootloader that is there to be given out.
type LoaderFile struct {
	Name string // the name in a boot's tree, such as "undionly.kpxe"
	Path string // where it lies on this host
	// Signed: it carries a signature, without which Secure Boot starts nothing.
	Signed bool
}

// Loaders are the bootloaders at hand, by name.
type Loaders map[string]LoaderFile

// Route is one way for a client to get its payload.
type Route struct {
	Name string // stable: the timeline remembers failures by it
	Give string // the file that the client is told to fetch first
	Role Role   // what that file is
	Via  Via
	// Direct: in a proxy's offer the file is named at once, where the rule
	// for this firmware is to be asked on port 4011.
	Direct bool
	Why    string
}

// Rejected is a row that fits the client but can't be taken.
type Rejected struct {
	Name string
	Why  string
}

// Ladder holds the ways of a client to its payload, best first.
type Ladder struct {
	Routes   []Route
	Rejected []Rejected
}

// Routes walks the table for one client and one payload.
func Routes(c boot.Client, p boot.Payload, have Loaders) Ladder {
	var l Ladder
	kernel := unfit(c, p)
	for _, row := range Table() {
		if !row.fits(c) {
			continue
		}
		switch {
		case !slices.Contains(row.Kinds, p.Kind):
			l.reject(row, fmt.Sprintf("it cannot bring a payload of kind %s", p.Kind))
		case kernel != "":
			l.reject(row, kernel)
		case row.Role == Script && unable(c) != "":
			l.reject(row, unable(c))
		case row.Role == NBP && have[row.Give].Path == "":
			l.reject(row, fmt.Sprintf("%s was not found on this host; Debian has it in package ipxe", row.Give))
		case row.Role == NBP && c.SecureBoot && !have[row.Give].Signed:
			l.reject(row, fmt.Sprintf("%s isn't signed, and Secure Boot starts only what is", row.Give))
		default:
			l.Routes = append(l.Routes, Route{
				Name: row.Name, Give: row.Give, Role: row.Role, Via: row.Via, Direct: row.Direct, Why: row.Why,
			})
		}
	}
	return l
}

func (l *Ladder) reject(row Row, why string) {
	l.Rejected = append(l.Rejected, Rejected{Name: row.Name, Why: why})
}

func (r Row) fits(c boot.Client) bool {
	return (r.Firmware == "" || r.Firmware == c.Firmware) &&
		(r.Arch == "" || r.Arch == c.Arch) &&
		(r.Proto == "" || r.Proto == c.Proto) &&
		(r.Loader == "" || r.Loader == c.Loader) &&
		c.Features.Has(r.Needs) && (r.Lacks == 0 || !c.Features.Has(r.Lacks))
}

// unfit says why this machine can't run the payload's kernel, or "".
func unfit(c boot.Client, p boot.Payload) string {
	if why := foreignKernel(c, p); why != "" {
		return why
	}
	return notForEFI(c, p)
}

// notForEFI says why UEFI firmware can't start the payload's kernel, or "". Of
// what is compressed, only the iPXE of 64-bit ARM is built to unpack it
// (IMAGE_GZIP in its src/config/defaults/efi.h).
func notForEFI(c boot.Client, p boot.Payload) string {
	kernel := p.Abilities
	switch {
	case c.Firmware != boot.UEFI || p.Kind != boot.Linux || !kernel.Known:
		return ""
	case kernel.Compression != "" && c.Arch != boot.ARM64:
		return fmt.Sprintf("%s is compressed with %s, and UEFI firmware starts no such kernel; unpack it", p.Kernel.Base(), kernel.Compression)
	case !kernel.EFIStub && kernel.Compression == "":
		return fmt.Sprintf("%s has no EFI stub (CONFIG_EFI_STUB), so only a BIOS can start it", p.Kernel.Base())
	}
	return ""
}

// unable says why the iPXE that speaks can't start a kernel, by what it says
// of itself, or "".
func unable(c boot.Client) string {
	switch {
	case c.Firmware == boot.BIOS && !c.Features.Has(boot.CanBzImage):
		return "this iPXE says that it cannot start a Linux kernel (it lacks bzImage)"
	case c.Firmware == boot.UEFI && !c.Features.Has(boot.CanEFI):
		return "this iPXE says that it cannot start EFI applications"
	}
	return ""
}

// foreignKernel says why this machine can't run the payload's kernel, or "".
// A BIOS machine calls itself x86 even where its processor is 64-bit.
func foreignKernel(c boot.Client, p boot.Payload) string {
	ok := p.Arch == "" || c.Arch == "" || p.Arch == c.Arch || (c.Firmware == boot.BIOS && p.Arch == boot.X64)
	if ok {
		return ""
	}
	return fmt.Sprintf("%s is a kernel for %s, the machine is %s", p.Kernel.Base(), p.Arch, c.Arch)
}

// Pick returns the route to offer now: the best that has not failed on this
// machine, or, when all have failed, the one whose failure is the oldest.
// failed lists the names of failed routes, the oldest first.
func (l Ladder) Pick(failed []string) (Route, bool) {
	best, bestAge := -1, 0
	for i, r := range l.Routes {
		age := slices.Index(failed, r.Name)
		if age == -1 {
			return r, true
		}
		if best == -1 || age < bestAge {
			best, bestAge = i, age
		}
	}
	if best == -1 {
		return Route{}, false
	}
	return l.Routes[best], true
}

// notYet says of programs that no row serves what is in the way, or "".
func notYet(l boot.Loader) string {
	switch l {
	case boot.RPi:
		return "Spur cannot serve the Raspberry Pi's own bootloader yet; iPXE for arm64, started from its card, can be booted"
	case boot.UBoot:
		return "Spur cannot serve U-Boot yet"
	case boot.Apple:
		return "Spur cannot serve Apple's NetBoot yet"
	}
	return ""
}

// Supported lists whom the table has routes for, in the words of Obstacle.
func Supported() []string {
	var all []string
	for _, row := range Table() {
		who := fmt.Sprintf("%s over %s", boot.Client{Firmware: row.Firmware, Arch: row.Arch}.Platform(), strings.ToUpper(string(row.Proto)))
		if row.Firmware == "" {
			who = "any machine whose iPXE asks"
		}
		if !slices.Contains(all, who) {
			all = append(all, who)
		}
	}
	return all
}

// Obstacle says in one line why the ladder has no rung.
func (l Ladder) Obstacle(c boot.Client) string {
	if len(l.Routes) > 0 {
		return ""
	}
	if why := notYet(c.Loader); why != "" {
		return why
	}
	if len(l.Rejected) == 0 {
		return fmt.Sprintf("no route for %s over %s yet", c.Platform(), strings.ToUpper(string(c.Proto)))
	}
	return l.Rejected[0].Why
}
