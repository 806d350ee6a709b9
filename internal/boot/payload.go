package boot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a payload is.
type Kind string

// The payloads that Spur can boot.
const (
	// Linux is a kernel with the Linux boot protocol, its initrds and a
	// command line.
	Linux Kind = "linux"
	// Script is an iPXE script that overrides everything else.
	Script Kind = "script"
)

// File is one file of a payload. Source is an absolute path or a URL; nothing
// is said about whether it can be opened.
type File struct {
	Source string
}

// SourceMost is the longest source in bytes. Web servers take no longer request
// lines (nginx's large_client_header_buffers and Apache's LimitRequestLine are
// 8 KiB), and paths end at 4 KiB (PATH_MAX).
const SourceMost = 8 << 10

// Check tells whether a source can be one. Whoever takes in sources asks it.
func (f File) Check() error {
	if len(f.Source) > SourceMost {
		return fmt.Errorf("%s… has %d bytes; a file's path or URL has %d at most", f.Source[:60], len(f.Source), SourceMost)
	}
	if !utf8.ValidString(f.Source) || strings.ContainsFunc(f.Source, unicode.IsControl) {
		return fmt.Errorf("the name %q isn't UTF-8 or has control characters: no machine could ask for it", f.Source)
	}
	return nil
}

// IsURL tells whether the file has to be fetched from elsewhere.
func (f File) IsURL() bool { return strings.Contains(f.Source, "://") }

// Base is the file's last path element, for names that people see. A URL's
// query is left out, and of a long one its end is taken, which has the
// extension: the name stands behind a sealed one in packets of TFTP.
func (f File) Base() string {
	name, _, _ := strings.Cut(f.Source, "?")
	name = path.Base(strings.TrimRight(name, "/"))
	if name == "." || name == "/" || strings.HasSuffix(name, ":") {
		return "file"
	}
	if len(name) > baseMost {
		return strings.ToValidUTF8(name[len(name)-baseMost:], "_")
	}
	return name
}

// baseMost bounds Base, in bytes.
const baseMost = 100

// Abilities are what a look into a kernel has shown. The zero value says that
// nobody looked: a boot API names kernels that nobody has seen yet.
type Abilities struct {
	Known bool
	// EFIStub: UEFI firmware can start the kernel by itself.
	EFIStub bool
	// Compression is how the file is compressed as a whole, so that a loader
	// has to unpack it: gzip, or empty.
	Compression string
	// Signed: it carries a signature, which Secure Boot asks for.
	Signed bool
}

// Payload is what should boot.
type Payload struct {
	Kind    Kind
	Kernel  File
	Initrds []File
	Cmdline Template
	// Arch is the architecture that the kernel is built for; empty when that
	// is not known, for instance because the kernel is a URL.
	Arch Arch
	// Abilities of the kernel.
	Abilities Abilities
	// Message is shown on the machine's screen before anything is loaded.
	Message string
	// Script is an iPXE script, for Kind Script. Kernel is then the file that
	// it was read from, if it was.
	Script Template
	// RootPath goes into DHCP option 17, for systems that find their root
	// there (Darwin, diskless BSD).
	RootPath string
}

// Files lists everything that the payload may fetch, in the order in which a
// machine needs it.
func (p Payload) Files() []File {
	var files []File
	if p.Kernel.Source != "" {
		files = append(files, p.Kernel)
	}
	files = append(files, p.Initrds...)
	files = append(files, p.Cmdline.Files()...)
	return append(files, p.Script.Files()...)
}

// Size is about how many bytes the payload takes in memory, its texts above all.
func (p Payload) Size() int {
	n := len(p.Kernel.Source) + len(p.Message) + len(p.RootPath) + p.Cmdline.size() + p.Script.size()
	for _, f := range p.Initrds {
		n += len(f.Source)
	}
	return n
}

// Title names the payload in a line of output.
func (p Payload) Title() string {
	if p.Kind == Script && p.Kernel.Source == "" {
		return "an iPXE script"
	}
	return p.Kernel.Base()
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
