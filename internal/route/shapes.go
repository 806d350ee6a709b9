package route

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// Shape is one line of the table of shapes: in which form a ROM is offered what
// to boot. What is offered is the same in all of them.
type Shape struct {
	Name string // the timeline remembers by it what a machine took and refused

	// Which ROMs it is for. An empty field stands for any.
	Firmware boot.Firmware
	Proto    boot.Proto
	Lease    Lease

	// Discovery says by which options the ROM finds its boot file, File which
	// fields name that. Late: the offer is sent a moment after the DHCP server's.
	Discovery Discovery
	File      FileField
	Late      bool

	// Why says which firmware it is for.
	Why string
}

// Lease says who gives the address that goes with an offer.
type Lease string

// Who gives addresses.
const (
	Theirs Lease = "theirs" // another DHCP server: ours is a proxy's offer
	Ours   Lease = "ours"   // Spur, in the same offer
)

// Discovery says by which options a ROM finds its boot file.
type Discovery string

// The ways to a boot file.
const (
	// UsualDiscovery is what the first shape of the ROM has.
	UsualDiscovery Discovery = ""
	// BootServer: option 60 without option 43; the ROM asks port 4011 of the boot
	// server ("BINL").
	BootServer Discovery = "boot-server"
	// InOffer: option 43 says that the boot file is the one of this offer.
	InOffer Discovery = "in-offer"
	// Menu: option 43 has a menu of one item, which the ROM takes at once and
	// asks port 4011 for.
	Menu Discovery = "menu"
)

// FileField says where an offer names the boot file.
type FileField string

// Where boot files are named.
const (
	AllFields FileField = ""          // in the field file and in option 67
	FieldOnly FileField = "field"     // in the field file alone, without options 66 and 67
	Padded    FileField = "option-67" // in both, and option 67 ends with a NUL
)

// Shapes returns the table of shapes, the best first for each ROM. A ROM that
// goes on asking although it was offered an address and a boot file is offered
// the next one.
func Shapes() []Shape {
	return []Shape{
		{
			Name: "boot-server", Firmware: boot.UEFI, Proto: boot.PXE, Lease: Theirs, Discovery: BootServer,
			Why: "without option 43, so that the ROM asks on port 4011: all of edk2 takes it (PxeBcDhcp4.c); dnsmasq and Pixiecore offer it so",
		},
		{
			Name: "direct", Firmware: boot.BIOS, Proto: boot.PXE, Lease: Theirs, Discovery: InOffer,
			Why: "option 43 names the file of this offer: Intel's ROM code, from which BIOS ROMs descend, shows a menu or looks for boot servers without it (PXE 2.1 table 2-1)",
		},
		{
			Name: "http", Proto: boot.HTTP, Lease: Theirs,
			Why: "option 60 says HTTPClient and option 67 is the URL: UEFI 2.10 section 24.7",
		},
		{
			Name: "plain", Lease: Ours,
			Why: "an address and a boot file without option 43, as from any DHCP server: edk2 starts it without asking further",
		},
		{
			Name: "direct", Proto: boot.PXE, Discovery: InOffer,
			Why: "option 43 names the file of this offer: for UEFI ROMs that never ask on port 4011 (edk2 issue 8149), and for ROMs that want PXEClient in a DHCP server's offer; edk2 of before 2017 loses it from a proxy (Bugzilla 469)",
		},
		{
			Name: "menu", Proto: boot.PXE, Lease: Theirs, Discovery: Menu,
			Why: "option 43 has a boot server and a menu of one item, the whole of PXE 2.1 section 2.2.3: for ROMs that know no short cut; dnsmasq offers several services so",
		},
		{
			Name: "field-only", Proto: boot.PXE, File: FieldOnly,
			Why: "the boot file in the BOOTP field alone: for ROMs that stumble over options 66 and 67, which they had not asked for",
		},
		{
			Name: "padded", File: Padded,
			Why: "option 67 ends with a NUL, as Microsoft's DHCP server writes it: for ROMs that read up to one",
		},
		{
			Name: "late", Lease: Theirs, Late: true,
			Why: "a second after the request at least, when the DHCP server has answered: for ROMs that decide by the first offer and want an address in it (HP laptops with two offers and no REQUEST: bootimus issue 77)",
		},
		{
			Name: "boot-server", Proto: boot.PXE, Discovery: BootServer,
			Why: "option 60 without option 43, so that the ROM asks on port 4011: for BIOS ROMs that look for a boot server in any case, and beside addresses of our own for ROMs that used to be answered by Windows Deployment Services",
		},
	}
}

// ShapesFor lists the shapes for a client, the best first; none for a program
// that is no ROM, since loaders take any, and none over IPv6. A name that comes twice is the first
// one's.
func ShapesFor(c boot.Client, by Lease) []Shape {
	var all []Shape
	for _, s := range Shapes() {
		known := slices.ContainsFunc(all, func(other Shape) bool { return other.Name == s.Name })
		if c.Loader == boot.ROM && !c.IPv6 && s.fits(c, by) && !known {
			all = append(all, s)
		}
	}
	return all
}

// fits tells whether a shape is for this client.
func (s Shape) fits(c boot.Client, by Lease) bool {
	return (s.Firmware == "" || s.Firmware == c.Firmware) &&
		(s.Proto == "" || s.Proto == c.Proto) &&
		(s.Lease == "" || s.Lease == by)
}

// PickShape returns the shape of the next offer, and whether it is another than
// the first: the one named took, by which this machine was offered what it came
// for, else the first; but one that it refused since only if it refused all, and
// then the one that it refused before all others. The zero value is for a client
// that has no shapes.
func PickShape(shapes []Shape, took string, refused []string) (s Shape, other bool) {
	if len(shapes) == 0 {
		return Shape{}, false
	}
	order := make([]string, 0, len(shapes)+1)
	at := func(name string) int {
		return slices.IndexFunc(shapes, func(s Shape) bool { return s.Name == name })
	}
	if at(took) >= 0 {
		order = append(order, took)
	}
	for _, s := range shapes {
		order = append(order, s.Name)
	}
	i := at(order[untried(order, refused)])
	return shapes[i], i > 0
}
