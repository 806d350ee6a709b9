package tree

import (
	"bytes"
	"context"
	"debug/pe"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
)

// anApplication stands for a kernel: all that is asked of one is that it is an
// EFI application.
const anApplication = "/usr/lib/ipxe/snponly.efi"

const systemdStub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

// newUKITree is a tree whose payload is a kernel with two initrds, the second of
// which comes from a URL.
func newUKITree(t *testing.T, kernel string) *Tree {
	t.Helper()
	initrd := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(initrd, []byte("FIRST"), 0o644); err != nil {
		t.Fatal(err)
	}
	linux := boot.Linux{Kernel: boot.File{Source: kernel}, Initrds: []boot.File{{Source: initrd}, {Source: "http://up/second"}}}
	linux.Cmdline.Text("quiet up=")
	linux.Cmdline.Beacon()
	return &Tree{
		Names:    Names{Key: seal.NewKey()},
		Host:     route.Host{Loaders: route.Binaries{{Build: route.Build{File: "linuxx64.efi.stub", Firmware: boot.UEFI, Arch: boot.X64}, Path: systemdStub}}},
		Resolver: resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: linux}, nil }),
		Sources: Sources{
			Upstream: func(context.Context, string) (fs.File, error) { return newGenerated("second", "SECOND"), nil },
			Local:    NamedFiles(linux.Files()),
		},
		HTTPPort: 80,
	}
}

// overHTTPBoot is a client that asks by HTTP Boot, and the path of its program.
func overHTTPBoot(t *testing.T, tr *Tree) string {
	t.Helper()
	c := rom
	c.Proto = boot.HTTP
	payload, _ := tr.Resolver.Resolve(t.Context(), c)
	r, ok := route.Routes(c, payload, tr.Host).Pick(nil)
	if !ok || r.Name != "uefi-http" {
		t.Fatalf("the route is %q", r.Name)
	}
	return tr.Path(c, r)
}

func TestUKI(t *testing.T) {
	tr := newUKITree(t, anApplication)
	path := overHTTPBoot(t, tr)
	if e, ok := tr.Describe(path, netip.Addr{}); !ok || e.Role != route.Kernel || !e.Last || e.Client.MAC != rom.MAC {
		t.Errorf("%+v, %v", e, ok)
	}
	file, err := tr.Open(t.Context(), path, overHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	image, err := pe.NewFile(file.(io.ReaderAt))
	if err != nil {
		t.Fatal(err)
	}
	kernel, err := os.ReadFile(anApplication)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		".osrel":   "ID=spur\nPRETTY_NAME=\"snponly.efi\"\n",
		".cmdline": "quiet up=http://10.0.0.1/",
		".initrd":  "FIRST\x00\x00\x00SECOND",
		".linux":   string(kernel),
	} {
		s := image.Section(name)
		if s == nil {
			t.Errorf("there is no section %s", name)
			continue
		}
		if got, err := s.Data(); err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("%s: %.80q, %v", name, got, err)
		}
	}
	again, err := tr.Open(t.Context(), path, overHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if a, b := file.(*Composite), again.(*Composite); a.ETag() != b.ETag() || a.Size() != b.Size() {
		t.Errorf("two requests get %s of %d and %s of %d bytes", a.ETag(), a.Size(), b.ETag(), b.Size())
	}
}

// An initrd without a byte moves no other file from its place, and is closed.
func TestUKIWithAnEmptyInitrd(t *testing.T) {
	tr := newUKITree(t, anApplication)
	payload, err := tr.Resolver.Resolve(t.Context(), rom)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(payload.Content.(boot.Linux).Initrds[0].Source, 0); err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	file, err := tr.Open(t.Context(), overHTTPBoot(t, tr), overHTTP)
	if err != nil {
		t.Fatal(err)
	}
	image, err := pe.NewFile(file.(io.ReaderAt))
	if err != nil {
		t.Fatal(err)
	}
	s := image.Section(".initrd")
	if got, err := s.Data(); err != nil || string(got[:s.VirtualSize]) != "SECOND" {
		t.Errorf(".initrd has %d bytes, %v", s.VirtualSize, err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were", after, before)
	}
}

// A part that is a file of this host is sent from there, without a copy.
func TestUKIIsBacked(t *testing.T) {
	tr := newUKITree(t, anApplication)
	file, err := tr.Open(t.Context(), overHTTPBoot(t, tr), overHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	kernel, err := os.ReadFile(anApplication)
	if err != nil {
		t.Fatal(err)
	}
	c := file.(*Composite)
	whole, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	start := int64(bytes.Index(whole, kernel))
	f, at, n, err := c.Backing(start + 100)
	if err != nil || f == nil || f.Name() != anApplication || at != 100 || n != int64(len(kernel))-100 {
		t.Errorf("the kernel comes from %v at %d, %d bytes, %v", f, at, n, err)
	}
	if f, _, _, err := c.Backing(0); f != nil || err != nil {
		t.Errorf("the patched stub comes from %v, %v", f, err)
	}
	if _, _, _, err := c.Backing(c.Size()); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
}

// What can't be put together is an error, and leaves no file open.
func TestUKITrouble(t *testing.T) {
	flat := filepath.Join(t.TempDir(), "vmlinuz")
	if err := os.WriteFile(flat, []byte("no application"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*Tree)
		want   string
	}{
		"a kernel without EFI stub": {func(tr *Tree) { *tr = *newUKITree(t, flat) }, "it is no EFI application itself"},
		"no stub":                   {func(tr *Tree) { tr.Loaders = nil }, "no stub for UEFI x64"},
		"a stub that is none":       {func(tr *Tree) { tr.Loaders[0].Path = anApplication }, "it is no stub of systemd's"},
		"no upstream": {func(tr *Tree) {
			tr.Sources.Upstream = func(context.Context, string) (fs.File, error) { return nil, errors.New("upstream is gone") }
		}, "upstream is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newUKITree(t, anApplication)
			path := overHTTPBoot(t, tr)
			key := tr.Names
			tt.change(tr)
			tr.Names = key
			before := openFiles(t)
			if _, err := tr.Open(t.Context(), path, overHTTP); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
			if after := openFiles(t); after != before {
				t.Errorf("%d files are open, %d were", after, before)
			}
		})
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// An EFI application is served as it is.
func TestProgram(t *testing.T) {
	tr := newUKITree(t, anApplication)
	program := boot.EFI{Program: boot.File{Source: anApplication}, Arch: boot.X64}
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: program}, nil })
	want, err := os.ReadFile(anApplication)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, tr, overHTTPBoot(t, tr), overHTTP); got != string(want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

// A kernel in a gzip file is unpacked: of what it is made into all else is as it is.
func TestUKIUnpacks(t *testing.T) {
	kernel, err := os.ReadFile(anApplication)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "vmlinuz")
	packed(t, name, string(kernel))
	tr := newUKITree(t, name)
	tr.Unpacking = &Unpacking{}
	payload, _ := tr.Resolver.Resolve(t.Context(), rom)
	linux := payload.Content.(boot.Linux)
	linux.Abilities = boot.Abilities{Known: true, EFIStub: true, Compression: "gzip"}
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: linux}, nil })
	file, err := tr.Open(t.Context(), overHTTPBoot(t, tr), overHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	image, err := pe.NewFile(file.(io.ReaderAt))
	if err != nil {
		t.Fatal(err)
	}
	got, err := image.Section(".linux").Data()
	if err != nil || !bytes.HasPrefix(got, kernel) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
