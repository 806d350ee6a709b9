package timeline

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spurboot/spur/internal/boot"
)

// Kind says what happened.
type Kind string

// What can happen in the course of a boot, in the order in which it does.
const (
	// Asked: a boot client (ROM or loader) sent DISCOVER, or by DHCPv6 a SOLICIT
	// or an INFORMATION-REQUEST; where our DHCP is off, it asked for its script
	// over HTTP. Client is set.
	Asked Kind = "asked"
	// Ignored: we stay silent. Reason says why. Asked comes first. Name is the
	// script that said so on the machine's screen, if it came for one.
	Ignored Kind = "ignored"
	// NoAnswer: what the machine boots can't be told, by a failure of ours or
	// of whom we ask. Reason says which, Hint what to do. Name is the script
	// that said so on the machine's screen, if it came for one.
	NoAnswer Kind = "no-answer"
	// Offered: we offered the file Name over Proto by Route. Server is our
	// address; Peer is set only where our own DHCP server offers an address.
	Offered Kind = "offered"
	// OtherOffered: another server offered the client the address Peer; without
	// one it offered only what to boot. Name is the boot file that it named, if
	// any, Reason its class (option 60) if that says that it knows what to boot.
	// Not every such offer is heard.
	OtherOffered Kind = "other-offered"
	// Chose: the client broadcast a REQUEST for the address Peer of the DHCP
	// server Server, which need not be ours; by DHCPv6 no address of it is told.
	Chose Kind = "chose"
	// Leased: our own DHCP server acknowledged the address Peer.
	Leased Kind = "leased"
	// Listed: a Mac was shown the NetBoot images Name.
	Listed Kind = "listed"
	// BootAsked: the client asked us for its boot file on port 4011. Reason is the
	// item that was chosen from a menu for that, or the NetBoot image that a Mac has
	// chosen, if there was one.
	BootAsked Kind = "boot-asked"
	// ChoseOther: the client looks for a boot server that we are not: Reason says
	// for which.
	ChoseOther Kind = "chose-other"
	// Answered: we told it Name, Proto and Route there.
	Answered Kind = "answered"
	// Awaited: the client has to wait for the file Name, because its server
	// doesn't say its size. Bytes of it have come to us; may be sent again.
	Awaited Kind = "awaited"
	// FetchStart: a transfer of Name began. Role, Proto and, when known, Total.
	FetchStart Kind = "fetch-start"
	// FetchProgress: Bytes of Total are through. Send it at least every 10 s
	// of a long transfer, and at most a few times a second.
	FetchProgress Kind = "fetch-progress"
	// Memory: the machine says that it has Bytes of memory.
	Memory Kind = "memory"
	// Paced: large files are sent to the machine at Bytes a second at most, Name
	// first.
	Paced Kind = "paced"
	// FetchEnd: the transfer is complete. With Bytes below Total it was a
	// range of the file.
	FetchEnd Kind = "fetch-end"
	// FetchFailed: the transfer broke off after Bytes of Total, with Err.
	FetchFailed Kind = "fetch-failed"
	// SizeAsked: the transfer was broken off by its client once the size was
	// told, which was all it wanted (RFC 2349 section 3).
	SizeAsked Kind = "size-asked"
	// HandshakeFailed: the client came over HTTPS, and didn't get as far as to
	// ask for anything. Handshake says why, Err what package tls says of it.
	HandshakeFailed Kind = "handshake-failed"
	// OSAsked: a DHCP request that is no boot client's; Reason is its vendor
	// class, such as "udhcp 1.35.0". After the kernel it is a sign of life.
	OSAsked Kind = "os-asked"
	// Mounted: the machine's system has opened the image Name, which Spur exports over
	// Proto, and Unmounted: has closed it again after it read Bytes; Err says why, if not
	// by itself.
	Mounted   Kind = "mounted"
	Unmounted Kind = "unmounted"
	// Up: the machine's own beacon.
	Up Kind = "up"
)

// opens tells whether an event may be the first that we hear of a machine. In
// proxy mode we overhear the DHCP requests of everything on the wire: those
// must not fill the table of machines.
func (k Kind) opens() bool {
	switch k {
	case Asked, Ignored, NoAnswer, Offered, Listed, BootAsked, ChoseOther, Answered, Awaited, FetchStart, FetchProgress, FetchEnd, FetchFailed, SizeAsked, Up:
		return true
	}
	return false
}

// Role is what a file is for.
type Role string

// The roles of files.
const (
	// RoleLoader is a program that the ROM or another loader starts and that
	// fetches more from us: iPXE, GRUB, shim, PXELINUX.
	RoleLoader Role = "loader"
	// RoleScript is a loader's script or configuration.
	RoleScript Role = "script"
	// RoleKernel is what takes the machine over: a kernel, but also a UKI, an
	// EFI application or a disk that the firmware starts by itself.
	RoleKernel Role = "kernel"
	// RoleInitrd is an initrd of the kernel.
	RoleInitrd Role = "initrd"
	// RoleModule is a module of a Multiboot kernel or of Xen.
	RoleModule Role = "module"
	// RoleFile is anything else; a file that is not there is no failure.
	RoleFile Role = "file"
)

// followsKernel tells whether a loader puts such a file into memory beside a kernel.
func (r Role) followsKernel() bool { return r == RoleInitrd || r == RoleModule }

// Event is one thing that a protocol saw. Fields that a Kind does not mention
// may be zero.
type Event struct {
	// Time is when it happened; zero means when it was observed.
	Time time.Time
	MAC  boot.MAC
	Kind Kind
	// Client is the machine as the packet showed it, where there was one.
	Client boot.Client
	// Route is the name of the route that the machine is on.
	Route string
	// Shape names, with Offered and Answered, the form of the offer. Reshaped: it
	// isn't the one that such a client is usually offered.
	Shape    string
	Reshaped bool
	// Menu is, with Offered, what the machine is let choose from; nil for nothing.
	Menu *Menu
	// Sole tells, with Offered and Answered, that no other route leads the client to
	// what it boots.
	Sole bool
	// SaysUp tells, with Offered and Answered, that the system that the machine
	// boots is to say that it is up.
	SaysUp bool
	// Needs is, with Offered and Answered, about how much memory the machine needs for
	// what it boots, in bytes; 0 where that is not known.
	Needs int64
	// Content is, with Offered and Answered, what kind of payload the machine boots.
	Content boot.Kind
	// Xen tells, with Offered and Answered, that this is the hypervisor.
	Xen bool
	// Row is, with Offered and Answered, where the operator says that this machine boots
	// what it does.
	Row string
	// Transaction is, with Asked, the number that the client gave its request
	// and all repetitions of it.
	Transaction uint32
	// Proto is "tftp", "http", "https", "dhcp", "nfs", "nbd" or "iscsi".
	Proto string
	Role  Role
	// Loader is which program a loader's file is, where one starts another: a shim,
	// and what it starts.
	Loader boot.Loader
	// Spare: the program that asks for the file does without it, and is expected to;
	// that it asks says that it runs.
	Spare bool
	// More: with a kernel the machine does not have all it needs; its initrds follow.
	More bool
	// Waits: a script shows people a menu, and waits for them. Leaves: it sends the
	// machine on to its own disk.
	Waits, Leaves bool
	// Name is the file as people know it, such as "snponly.efi".
	Name string
	// Peer is the machine's address: offered, requested, leased or seen.
	Peer netip.Addr
	// Server is the address of the server that the event is about.
	Server netip.Addr
	// Near is, with Chose, the address of ours on the network of Peer; zero where
	// there is none on the wire.
	Near netip.Addr
	// Bytes is how much went through, Total how much there is; zero when unknown.
	Bytes, Total int64
	// Reason says why we stay silent, or names the system that asked.
	Reason string
	// Hint says what to do about it.
	Hint string
	// Err is what ended a transfer.
	Err string
	// Refusal says, with FetchFailed, that it was we who sent nothing, or not all.
	Refusal Refusal
	// Handshake says, with HandshakeFailed, why.
	Handshake HandshakeFailure
	// Onlooker: the event was heard of others, and no server in it is ours.
	Onlooker bool
	// Partly: an onlooker saw only some of the Bytes, and knows of the others.
	Partly bool
	// Audible: the offers of other servers to a client that Asked would be
	// heard as well, so that it means something if there are none.
	Audible bool
}

// Menu is what matters of a menu to the story of a boot.
type Menu struct {
	// Wait is how long it waits for a person before it takes its first item;
	// negative: for good.
	Wait time.Duration
	// Elsewhere are the titles of items that don't lead to us.
	Elsewhere []string
}

// Refusal says why nothing of a file was sent, or not all, where we know that: the reason
// is in the event's Err, and neither the machine nor the network has a part in it.
type Refusal string

// The refusals.
const (
	// NoSuchFile: what was asked for isn't there.
	NoSuchFile Refusal = "no-such-file"
	// Refused: it could not be opened, or nothing more could be sent.
	Refused Refusal = "refused"
	// Redirected: an onlooker heard the server name another URL instead.
	Redirected Refusal = "redirected"
)

// maxText bounds every string that is kept of an event, in bytes: names and
// errors come from the network.
const maxText = 200

// maxBytes bounds a figure, so that sums of them do not overflow.
const maxBytes = 1 << 60

// bounded returns e with its strings cut to length and figures that add up.
func (e Event) bounded() Event {
	e.Route, e.Shape, e.Proto, e.Role = clip(e.Route), clip(e.Shape), clip(e.Proto), Role(clip(string(e.Role)))
	e.Name, e.Reason, e.Err, e.Hint = clip(e.Name), clip(e.Reason), clip(e.Err), clip(e.Hint)
	e.Row = clip(e.Row)
	e.Bytes, e.Total, e.Needs = min(max(e.Bytes, 0), maxBytes), min(max(e.Total, 0), maxBytes), min(max(e.Needs, 0), maxBytes)
	return e
}

// clip cuts s at a rune's border, and detaches it from a larger string that
// it may be a part of.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.Clone(s[:cut]) + "…"
}
