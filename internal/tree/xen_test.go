package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fat"
	"github.com/spurboot/spur/internal/route"
)

// newXenTree is a tree whose payload is Xen for UEFI with a kernel.
func newXenTree(t *testing.T) *Tree {
	t.Helper()
	tr, dir := newTree(t)
	if err := os.WriteFile(filepath.Join(dir, "xen 4.efi"), []byte("XEN"), 0o644); err != nil {
		t.Fatal(err)
	}
	xen := boot.Xen{
		Program: boot.File{Source: filepath.Join(dir, "xen 4.efi")}, Arch: boot.X64,
		Kernel: boot.Module{File: boot.File{Source: filepath.Join(dir, "vm linuz")}}, Ramdisk: boot.File{Source: filepath.Join(dir, "initrd")},
	}
	xen.Kernel.Text.Text("up=")
	xen.Kernel.Text.Beacon()
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: xen}, nil })
	tr.Sources.Local = NamedFiles(xen.Files())
	return tr
}

// The script of a Xen leads to its configuration, and to every file that this names.
func TestXen(t *testing.T) {
	tr := newXenTree(t)
	script := read(t, tr, tr.Path(ipxe, ipxeHTTP), overHTTP)
	got := map[string]string{}
	for _, at := range regexp.MustCompile(`--name (\S+) http://10\.0\.0\.1/(\S+)`).FindAllStringSubmatch(script, -1) {
		path, err := url.PathUnescape(at[2])
		if err != nil {
			t.Fatal(err)
		}
		got[at[1]] = read(t, tr, path, overHTTP)
	}
	if got["xen.efi"] != "XEN" || got["kernel"] != "KERNEL" || got["ramdisk"] != "INITRD" || len(got) != 4 {
		t.Errorf("%q\n%s", got, script)
	}
	if !regexp.MustCompile(`(?m)^kernel=kernel up=http://10\.0\.0\.1/\S+/up$`).MatchString(got["xen.cfg"]) || !strings.Contains(got["xen.cfg"], "\nramdisk=ramdisk\n") {
		t.Error(got["xen.cfg"])
	}
}

// Firmware that fetches Xen without a loader is given a disk, on which Xen is the program
// that it starts, and finds all else beside itself.
func TestXenDisk(t *testing.T) {
	tr := newXenTree(t)
	c := rom
	c.Proto = boot.HTTP
	payload, _ := tr.Resolver.Resolve(t.Context(), c)
	r, ok := route.Routes(c, payload, tr.Host).Pick(nil)
	path := tr.Path(c, r)
	if e, known := tr.Describe(path, netip.Addr{}); !ok || !strings.HasSuffix(path, "/xen.img") || !known || e.Role != route.Kernel || !e.Last {
		t.Fatalf("%s, %+v", path, e)
	}
	raw := read(t, tr, path, overHTTP)
	if again := read(t, tr, path, overHTTP); again != raw {
		t.Error("it differs from one time to the next")
	}
	disk, err := fat.Open(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"bootx64.efi": "XEN", "kernel": "KERNEL", "ramdisk": "INITRD", "bootx64.cfg": "kernel=kernel up=http://10.0.0.1/"} {
		file, err := disk.Open("EFI/BOOT/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(file); err != nil || !strings.Contains(string(content), want) {
			t.Errorf("%s has %q, %v", name, content, err)
		}
	}
}

// Spur's RAM-disk program is told how large the disk is, and where.
func TestXenRAMDisk(t *testing.T) {
	tr := newXenTree(t)
	tr.Loaders = route.Binaries{{
		Build: route.Build{File: "r.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: "/x/r.efi",
		Identity: route.Identity{Kind: route.KindRAMDisk, Firmware: boot.UEFI, Arch: boot.X64},
	}}
	payload, _ := tr.Resolver.Resolve(t.Context(), rom)
	r, _ := route.Routes(rom, payload, tr.Host).Pick(nil)
	if r.Name != "uefi-xen-ramdisk" {
		t.Fatalf("the route is %q", r.Name)
	}
	below := tr.Names.Boot(rom, r) + "/"
	text := read(t, tr, below+route.RAMDiskConfig, overTFTP)
	size := len(read(t, tr, below+route.XenDisk, overTFTP))
	for _, want := range []string{fmt.Sprintf("size %d\n", size), "type disk\n", "http http://10.0.0.1/" + below + "xen.img\n", "tftp " + below + "xen.img\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// The configuration of an item with a password is for who knows that, as the script is,
// which asks for it with what iPXE was given.
func TestLockedXen(t *testing.T) {
	tr := newXenTree(t)
	tr.Locked = func(boot.Client) bool { return true }
	tr.Unlock = func(_ context.Context, _ boot.Client, a Asker) error {
		if a.Password != "right" {
			return errors.New("wrong")
		}
		return nil
	}
	right := overHTTP
	right.Password, right.HasPassword = "right", true
	path := tr.Path(ipxe, ipxeHTTP)
	config := strings.Replace(path, route.IPXEScript, route.XenConfig, 1)
	if script := read(t, tr, path, right); !strings.Contains(script, "http://${username:uristring}:${password:uristring}@10.0.0.1/"+config+" ") {
		t.Error(script)
	}
	if text := read(t, tr, config, right); !strings.Contains(text, "kernel=kernel up=") {
		t.Error(text)
	}
	var asks *Unauthorized
	if _, err := tr.Open(t.Context(), config, overHTTP); !errors.As(err, &asks) {
		t.Errorf("without a password: %v", err)
	}
}

// What boots something else by now has no such configuration.
func TestNoXen(t *testing.T) {
	tr, _ := newTree(t)
	path := strings.Replace(tr.Path(ipxe, ipxeHTTP), route.IPXEScript, route.XenConfig, 1)
	if _, err := tr.Open(t.Context(), path, overHTTP); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
