package boot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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

// File is one file of a payload. Nothing is said about whether it can be opened.
type File struct {
	// Source is an absolute path or a URL.
	Source string
	// Inside is the path of a file within the image at Source, with slashes and without
	// a leading one; behind EFIImage one within its boot image; Root for all of its files;
	// empty for Source itself.
	Inside string
	// Packed is the path under which the file is put into a cpio archive, which is what is
	// served; empty for the file as it is. With Root as Inside it names the layout in which
	// all files of an image are.
	Packed string
	// Told is what a text says of the file in the place of its URL: where a system finds the
	// image that Spur exports to it.
	Told Export
}

// Root as File.Inside stands for the folder that an image's files are below. Its URL is
// one to which a slash and the path of any of them can be added.
const Root = "."

// IsRoot tells whether it stands for all files of an image, each by itself.
func (f File) IsRoot() bool { return f.Inside == Root && f.Packed == "" }

// keyMark stands in a key between a source and what is inside. No source has one.
const keyMark = "\x00"

// Key names the file in one string: its source, and what is inside of that. What a text says
// of it makes it no other file.
func (f File) Key() string {
	switch {
	case f.Packed != "":
		return f.Source + keyMark + f.Inside + keyMark + f.Packed
	case f.Inside != "":
		return f.Source + keyMark + f.Inside
	}
	return f.Source
}

// FileOf is the file that has a key.
func FileOf(key string) File {
	source, inside, _ := strings.Cut(key, keyMark)
	inside, packed, _ := strings.Cut(inside, keyMark)
	return File{Source: source, Inside: inside, Packed: packed}
}

// String names the file for people.
func (f File) String() string {
	if f.Inside == "" || f.Inside == Root {
		return f.Source
	}
	if inner, ok := strings.CutPrefix(f.Inside, EFIImage); ok {
		return inner + " in the boot image of " + f.Source
	}
	return f.Inside + " in " + f.Source
}

// SourceMost is the longest source in bytes. Web servers take no longer request
// lines (nginx's large_client_header_buffers and Apache's LimitRequestLine are
// 8 KiB), and paths end at 4 KiB (PATH_MAX).
const SourceMost = 8 << 10

// Check tells whether a source can be one. Whoever takes in sources asks it.
func (f File) Check() error {
	for _, name := range []string{f.Source, f.Inside, f.Packed} {
		if len(name) > SourceMost {
			return fmt.Errorf("%s… has %d bytes; a file's path or URL has %d at most", name[:60], len(name), SourceMost)
		}
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return fmt.Errorf("the name %q isn't UTF-8 or has control characters: no machine could ask for it", name)
		}
	}
	if f.Inside != "" && f.Inside != Root && path.Clean("/"+f.Inside) != "/"+f.Inside {
		return fmt.Errorf("%q is no path within an image", f.Inside)
	}
	return nil
}

// size is how many bytes the names have.
func (f File) size() int { return len(f.Source) + len(f.Inside) + len(f.Packed) }

// IsURL tells whether the file has to be fetched from elsewhere.
func (f File) IsURL() bool { return strings.Contains(f.Source, "://") }

// Base is the file's last path element, for names that people see. A URL's
// query is left out, and of a long one its end is taken, which has the
// extension: the name stands behind a sealed one in packets of TFTP.
func (f File) Base() string {
	name := f.Inside
	if f.Packed != "" {
		name = f.Packed + ".cpio"
	} else if name == "" || f.IsRoot() {
		name, _, _ = strings.Cut(f.Source, "?")
	}
	name = path.Base(strings.TrimRight(name, "/"))
	if name == "." || name == "/" || strings.HasSuffix(name, ":") {
		return "file"
	}
	if len(name) > baseMost {
		return strings.ToValidUTF8(name[len(name)-baseMost:], "_")
	}
	return name
}

// path is the whole path of the file, within an image from its root on.
func (f File) path() string {
	if f.Inside == "" {
		return f.Source
	}
	return "/" + f.Inside
}

// baseMost bounds Base, in bytes.
const baseMost = 100

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

// Content is one kind of payload with its own data: Linux, Multiboot, Xen, Script,
// EFI, WIM, NBP or Folder.
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
