package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

var biosROM = boot.Client{MAC: rom.MAC, UUID: rom.UUID, Server: server, Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}

// newFolder is a tree that serves a folder, in which links lead here and there.
func newFolder(t *testing.T) *Tree {
	t.Helper()
	tr, outside := newTree(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pxelinux.0": "LOADER", "a/boot.cfg": "CONFIG", "a/vmlinuz": "KERNEL", "grub/grub.cfg": "GRUB'S", "boot.ipxe": "theirs", "up": "their up",
		"memdisk": "their memdisk", "wimboot": "their wimboot", "xen.cfg": "their xen.cfg", "xen.img": "their xen.img",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"link": "a/boot.cfg", "pxelinux.cfg": "a", "out": filepath.Join(outside, "secret"), "up-and-out": "../" + filepath.Base(outside) + "/secret"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	folders, err := OpenFolders([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folders.Close() })
	tr.Sources.Local = Locals{Named{}, folders}
	folder := boot.Folder{Dir: dir, Kernels: []string{"a/vmlinuz"}, Programs: []boot.Program{
		{Name: "pxelinux.0", Firmware: boot.BIOS, Arch: boot.X86}, {Name: "grub.efi", Firmware: boot.UEFI, Arch: boot.X64},
	}}
	tr.Brings = func(boot.Client) (boot.Bringer, bool) { return folder, true }
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: folder}, nil })
	tr.Boots, tr.AskAtRoot = &decide.Clients{}, false
	return tr
}

// The files of a folder have their own paths below the name of the boot, whatever they
// are called, and links that stay in it count.
func TestFolder(t *testing.T) {
	tr := newFolder(t)
	below := tr.Names.Boot(biosROM, byShim(t, "bios-nbp"))
	for name, want := range map[string]string{
		"/pxelinux.0": "LOADER", "/a/boot.cfg": "CONFIG", "//a//boot.cfg": "CONFIG", `\a\boot.cfg`: "CONFIG", "/link": "CONFIG",
		"/pxelinux.cfg/boot.cfg": "CONFIG", "/a/../boot.ipxe": "theirs", "/up": "their up",
	} {
		if got := read(t, tr, below+name, overTFTP); got != want {
			t.Errorf("%q is %q", name, got)
		}
	}
	for _, name := range []string{"/out", "/up-and-out", "/../secret", "/a/../../secret", "/a", "/none", "/", "/a\x00b"} {
		if f, err := tr.Open(t.Context(), below+name, overTFTP); err == nil {
			_ = f.Close()
			t.Errorf("%q is there", name)
		}
	}
	if _, err := tr.Open(t.Context(), below+"/none", overTFTP); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what isn't there is told as %v", err)
	}
	for name, want := range map[string]Entry{
		"/pxelinux.0":  {Role: route.NBP, Name: "pxelinux.0"},
		"//a//vmlinuz": {Role: route.Kernel, Name: "a/vmlinuz", Last: true},
		"/a/boot.cfg":  {Role: route.Extra, Name: "a/boot.cfg"},
	} {
		e, ok := tr.Describe(below+name, peer)
		if want.Client = e.Client; !ok || e != want || e.Client.MAC != biosROM.MAC {
			t.Errorf("%q is described as %+v", name, e)
		}
	}
}

// What a shim or a GRUB of a folder's looks for and does without is no failure where it
// isn't there; what a GRUB Legacy follows is.
func TestFolderWithoutSpareFiles(t *testing.T) {
	tr := newFolder(t)
	below := tr.Names.Boot(rom, byShim(t, "uefi-tftp"))
	tr.NoteBoot(below+"/grub.efi", peer)
	for name, optional := range map[string]bool{
		below + "/revocations_sku.efi": true, below + "/shim_certificate_1.efi": true, below + "/grub/grub.cfg-01-52-54-00-12-34-56": true,
		"/grub/x86_64-efi/command.lst": true, "/grub/locale/de.gmo": true, "/grub/grub.cfg": false, below + "/menu.lst": false, below + "/ldlinux.c32": false,
	} {
		if e, ok := tr.Describe(name, peer); !ok || e.Optional != optional || e.Spare {
			t.Errorf("%s is described as %+v, %v", name, e, ok)
		}
	}
}

// What a loader of a folder's asks for at the root, only the address finds at which the
// boot is under way.
func TestFolderAtRoot(t *testing.T) {
	tr := newFolder(t)
	asker := overTFTP
	asker.Peer = peer
	if _, err := tr.Open(t.Context(), "/grub/grub.cfg", asker); err == nil {
		t.Error("it is there before a boot")
	}
	tr.NoteBoot(tr.Names.Boot(rom, byShim(t, "uefi-tftp"))+"/grub.efi", peer)
	if got := read(t, tr, "/grub/grub.cfg", asker); got != "GRUB'S" {
		t.Errorf("got %q", got)
	}
	if e, ok := tr.Describe("/grub/grub.cfg", peer); !ok || e.Role != route.Extra || e.Client.MAC != rom.MAC || e.Name != "grub/grub.cfg" {
		t.Errorf("it is described as %+v", e)
	}
	asker.Peer = stranger
	if _, err := tr.Open(t.Context(), "/grub/grub.cfg", asker); err == nil {
		t.Error("a stranger gets it")
	}
}

// An iPXE that speaks gets its own script, by which it starts the folder's program.
func TestFolderForIPXE(t *testing.T) {
	tr := newFolder(t)
	c := biosROM
	c.Loader, c.Features = boot.IPXE, boot.UsualIPXE
	below := tr.Names.Boot(c, ipxeHTTP)
	got := read(t, tr, below+"/boot.ipxe", overHTTP)
	if got == "theirs" || !containsAll(got, "kernel http://10.0.0.1/"+below+"/pxelinux.0 ||", "set netX/filename "+below+"/pxelinux.0\n", "set netX/next-server 10.0.0.1\n") {
		t.Errorf("the script is %s", got)
	}
	if got := read(t, tr, below+"/pxelinux.0", overHTTP); got != "LOADER" {
		t.Errorf("got %q", got)
	}
	for _, name := range []string{"memdisk", "wimboot", "xen.cfg", "xen.img"} { // of which Spur has its own for iPXE
		if got := read(t, tr, below+"/"+name, overHTTP); got != "their "+name {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// A PXELINUX of this host, by which a folder's configuration is followed, comes with what
// it needs from this host, and all else from the folder.
func TestConfiguredFolder(t *testing.T) {
	tr := newFolder(t)
	dir := t.TempDir()
	tr.Loaders = route.Binaries{{Build: route.Build{File: "pxelinux.0", Firmware: boot.BIOS, Arch: boot.X86}, Path: filepath.Join(dir, "theirs"), Beside: route.Binaries{{Build: route.Build{File: "ldlinux.c32", Firmware: boot.BIOS, Arch: boot.X86}, Path: filepath.Join(dir, "core")}}}}
	for name, text := range map[string]string{"theirs": "THEIRS", "core": "CORE"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	below := tr.Names.Boot(biosROM, byShim(t, "bios-pxelinux"))
	for name, want := range map[string]string{"/pxelinux.0": "THEIRS", "/ldlinux.c32": "CORE", "/pxelinux.cfg/boot.cfg": "CONFIG", "/a/vmlinuz": "KERNEL"} {
		if got := read(t, tr, below+name, overTFTP); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, err := tr.Open(t.Context(), below+"/pxelinux.cfg/default", overTFTP); err == nil {
		t.Error("a configuration that the folder hasn't is there")
	}
}

// Beside a program are the files that were named with it, and no others.
func TestNBP(t *testing.T) {
	tr, dir := newTree(t)
	nbp := boot.NBP{Program: boot.File{Source: filepath.Join(dir, "snponly.efi")}, Beside: []boot.File{{Source: filepath.Join(dir, "initrd")}, {Source: "http://up/x?y"}}}
	tr.Sources.Local = NamedFiles(nbp.Files())
	tr.Brings = func(boot.Client) (boot.Bringer, bool) { return nbp, true }
	name := tr.Names.Boot(biosROM, byShim(t, "bios-nbp"))
	for file, want := range map[string]string{"/snponly.efi": "LOADER", "/initrd": "INITRD", "/x": "FROM http://up/x?y"} {
		if got := read(t, tr, name+file, overTFTP); got != want {
			t.Errorf("%s is %q", file, got)
		}
	}
	if e, ok := tr.Describe(name+"/snponly.efi", peer); !ok || e.Role != route.Kernel || !e.Last {
		t.Errorf("the program is described as %+v", e)
	}
	if _, err := tr.Open(t.Context(), name+"/secret", overTFTP); err == nil {
		t.Error("what wasn't named is there")
	}
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
