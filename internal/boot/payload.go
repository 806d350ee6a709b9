package boot

import (
	"context"
	"errors"
	"slices"
)

// Kind says what a payload is.
type Kind string

// The kinds that Spur can boot, one for each type of Content.
const (
	KindLinux  Kind = "linux"
	KindScript Kind = "script"
	KindEFI    Kind = "efi"
	KindNBP    Kind = "nbp"
	KindFolder Kind = "folder"
)

// Payload is what should boot: one kind of thing, and what machines are told
// besides, whatever it is. It goes to several machines at once and is never
// changed once it is made.
type Payload struct {
	Content Content
	// Message is shown on the machine's screen before anything is loaded.
	Message string
	// RootPath goes into DHCP option 17, for systems that find their root
	// there (Darwin, diskless BSD).
	RootPath string
	// Item is that by which the resolver gives the same to a client again, whatever else it
	// would give it by then; 0: it goes by the client alone.
	Item uint16
	// Row is where the operator says that the machine boots this, as FILE:LINE; empty where
	// all machines boot it.
	Row string
}

// Content is one kind of payload with its own data: Linux, Multiboot, Tagged, Xen,
// Script, EFI, WIM, NBP or Folder.
type Content interface {
	Kind() Kind
	// Title names it in a line of output.
	Title() string
	// Files lists everything that may be fetched, in the order in which a
	// machine needs it.
	Files() []File
	// Size is about how many bytes this value takes in memory.
	Size() int
}

// Linux is a kernel, its initrds, which are merged in their order, and a
// command line.
type Linux struct {
	Kernel  File
	Initrds []File
	Cmdline Template
	// Arch is the architecture that the kernel is built for; empty when that
	// is not known, for instance because nobody has looked into it.
	Arch      Arch
	Abilities Abilities
	// DeviceTrees are those that were found with the kernel, or named, for boards whose
	// firmware has none (bcm2711-rpi-4-b.dtb). DeviceTree is for all that ask for any.
	DeviceTrees []File
	DeviceTree  File
	Room        Room
	// Medium is what the kernel was taken out of; the zero value for a file of its own.
	Medium Medium
}

// Kind implements Content.
func (Linux) Kind() Kind { return KindLinux }

// Title implements Content. A kernel in an image goes by the image's name.
func (l Linux) Title() string { return File{Source: l.Kernel.Source}.Base() }

// StartedBy tells whether firmware of an architecture starts the kernel, as far as is known:
// of 32 bits one of 64 may be (EFI mixed mode).
func (l Linux) StartedBy(arch Arch) bool {
	return l.Arch == "" || l.Arch == arch || l.Arch == X64 && arch == X86 && l.Abilities.EFIMixed
}

// Files implements Content.
func (l Linux) Files() []File {
	files := append([]File{l.Kernel}, l.Initrds...)
	files = slices.Concat(files, l.Cmdline.Files(), l.DeviceTrees)
	if l.DeviceTree != (File{}) {
		files = append(files, l.DeviceTree)
	}
	return files
}

// Size implements Content.
func (l Linux) Size() int {
	n := l.Kernel.size() + l.DeviceTree.size() + l.Cmdline.size() + l.Medium.size()
	for _, f := range slices.Concat(l.Initrds, l.DeviceTrees) {
		n += f.size()
	}
	return n
}

// Abilities are what a look into a kernel has shown. The zero value says that
// nobody looked: a boot API names kernels that nobody has seen yet.
type Abilities struct {
	Known bool
	// EFIStub: UEFI firmware can start the kernel by itself, once it is unpacked.
	EFIStub bool
	// EFIMixed: UEFI firmware of 32 bits can, though the kernel has 64.
	EFIMixed bool
	// Compression is how the file is compressed as a whole, so that a loader
	// has to unpack it: gzip, or empty.
	Compression string
	// Signed: it carries a signature, which Secure Boot asks for.
	Signed bool
	// NoUKI: UEFI firmware can start it, and systemd's stub can't.
	NoUKI bool
	// EFIOnly: it unpacks itself as an EFI application, and can't be started otherwise.
	EFIOnly bool
	// UBoot: it is in an image of U-Boot's own, a uImage or FIT, which nothing else starts.
	UBoot bool
}

// Script is an iPXE script of the operator's.
type Script struct {
	Text Template
	// File is what it was read from; the zero value for one from elsewhere.
	File File
}

// Kind implements Content.
func (Script) Kind() Kind { return KindScript }

// Title implements Content.
func (s Script) Title() string {
	if s.File.Source == "" {
		return "an iPXE script"
	}
	return s.File.Base()
}

// Size implements Content.
func (s Script) Size() int { return s.File.size() + s.Text.size() }

// Files implements Content.
func (s Script) Files() []File {
	var files []File
	if s.File.Source != "" {
		files = append(files, s.File)
	}
	return append(files, s.Text.Files()...)
}

// EFI is a program that UEFI firmware starts by itself: a unified kernel image, a
// boot manager, a shell.
type EFI struct {
	Program File
	// Arch is the architecture that it is built for; empty where that is not
	// known.
	Arch Arch
	// Signed: it carries a signature, which Secure Boot asks for.
	Signed bool
}

// Kind implements Content.
func (EFI) Kind() Kind { return KindEFI }

// Title implements Content.
func (e EFI) Title() string { return e.Program.Base() }

// Size implements Content.
func (e EFI) Size() int { return e.Program.size() }

// Files implements Content.
func (e EFI) Files() []File { return []File{e.Program} }

// Kind is the kind of the content; empty for the zero value.
func (p Payload) Kind() Kind {
	if p.Content == nil {
		return ""
	}
	return p.Content.Kind()
}

// IsXen tells whether it is the hypervisor, in either form.
func (p Payload) IsXen() bool {
	kernel, multiboot := p.Content.(Multiboot)
	return p.Kind() == KindXen || multiboot && kernel.Xen
}

// Title names the payload in a line of output.
func (p Payload) Title() string {
	if p.Content == nil {
		return "nothing"
	}
	return p.Content.Title()
}

// Arch is what the payload is built for; empty where it doesn't matter, or isn't known.
func (p Payload) Arch() Arch {
	switch content := p.Content.(type) {
	case Linux:
		return content.Arch
	case EFI:
		return content.Arch
	case WIM:
		return content.Arch
	case Xen:
		return content.Arch
	}
	return ""
}

// Files lists everything that the payload may fetch, in the order in which a
// machine needs it.
func (p Payload) Files() []File {
	if p.Content == nil {
		return nil
	}
	return p.Content.Files()
}

// SaysUp tells whether the system that a payload brings is to say that it is up.
func (p Payload) SaysUp() bool {
	switch content := p.Content.(type) {
	case Linux:
		return content.Cmdline.SaysUp()
	case Script:
		return content.Text.SaysUp()
	case Multiboot:
		return content.SaysUp()
	case Xen:
		return content.SaysUp()
	case COM32:
		return content.Arguments.SaysUp()
	}
	return false
}

// Size is about how many bytes the payload takes in memory, its texts above all.
func (p Payload) Size() int {
	n := len(p.Message) + len(p.RootPath) + len(p.Row)
	if p.Content != nil {
		n += p.Content.Size()
	}
	return n
}

// ErrIgnore is returned by a Resolver for a machine that must get no answer.
// Wrap it with the reason: the timeline shows it.
var ErrIgnore = errors.New("not for us")

// Resolver decides what a machine boots.
type Resolver interface {
	// Resolve returns the payload for one client. An error that wraps
	// ErrIgnore, like any other error, keeps Spur silent towards that client.
	Resolve(ctx context.Context, c Client) (Payload, error)
}
