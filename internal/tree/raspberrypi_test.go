package tree

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

var rpi = boot.Client{
	MAC: boot.MAC{0xdc, 0xa6, 0x32, 1, 0x36, 0xc2}, Firmware: boot.RPiFirmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.RPi,
	Model: "Raspberry Pi 4", Serial: "5b154510",
}

// newRPi is a tree of a kernel with two initrds and of a Raspberry Pi's firmware, for
// a Raspberry Pi at peer.
func newRPi(t *testing.T) *Tree {
	t.Helper()
	tr, dir := newTree(t)
	at := func(name, text string) boot.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return boot.File{Source: path}
	}
	linux := boot.Linux{
		Kernel: at("Image", "KERNEL"), Initrds: []boot.File{at("one", "FIRST"), at("two", "SECOND")}, Arch: boot.ARM64,
		DeviceTrees: []boot.File{at("bcm2711-rpi-4-b.dtb", "TREE"), at("bcm2837-rpi-3-b.dtb", "TREE3")},
	}
	linux.Cmdline.Text("console=ttyS0\nquiet")
	at("fixup4.dat", "FIXUP")
	starter := at("start4.elf", "FIRMWARE").Source
	tr.Loaders = append(tr.Loaders, route.Binary{Build: route.Build{File: route.RPiStarter, Firmware: boot.RPiFirmware, Arch: boot.ARM64}, Path: starter})
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: linux}, nil })
	tr.Sources.Local = NamedFiles(linux.Files())
	clients := &decide.Clients{}
	clients.Offered(peer, rpi, route.Configured(boot.RPi, route.TFTP))
	tr.Boots, tr.AskAtRoot = clients, false
	return tr
}

// Whatever folder a Raspberry Pi asks in, it finds what it boots; nobody else does.
func TestRaspberryPiFiles(t *testing.T) {
	tr := newRPi(t)
	asker := overTFTP
	asker.Peer = peer
	for name, want := range map[string]string{
		"start4.elf": "FIRMWARE", "fixup4.dat": "FIXUP", "kernel8.img": "KERNEL", "initramfs": "FIRST\x00\x00\x00SECOND\x00\x00",
		"bcm2711-rpi-4-b.dtb": "TREE", "cmdline.txt": "console=ttyS0 quiet\n",
	} {
		for _, folder := range []string{"", "5b154510/", "dc-a6-32-01-36-c2/", "/", "//5b154510//"} {
			if got := read(t, tr, folder+name, asker); got != want {
				t.Errorf("%s%s is %q", folder, name, got)
			}
			e, ok := tr.Describe(folder+name, peer)
			if !ok || e.Name != name || e.Client.MAC != rpi.MAC || e.Role != route.RPiRole(name) || e.Last != (name == "kernel8.img") {
				t.Errorf("%s%s is described as %+v", folder, name, e)
			}
		}
		asker := asker
		if asker.Peer = stranger; !isMissing(t, tr, name, asker) {
			t.Errorf("a stranger gets %s", name)
		}
	}
	config := read(t, tr, "5b154510/config.txt", asker)
	for _, line := range []string{"arm_64bit=1", "enable_uart=1", "upstream_kernel=1", "kernel=kernel8.img", "initramfs initramfs followkernel"} {
		if !strings.Contains(config, line+"\n") {
			t.Errorf("config.txt lacks %s:\n%s", line, config)
		}
	}
}

// What a Raspberry Pi looks for without needing it is no failure; what it stops
// without is one. Nothing beside what was named is served.
func TestRaspberryPiLooksAround(t *testing.T) {
	tr := newRPi(t)
	asker := overTFTP
	asker.Peer = peer
	for name, optional := range map[string]bool{
		"bootsig.bin": true, "recovery.elf": true, "pieeprom.sig": true, "upstream/kernel8.img": true, "5b154510/overlays/overlay_map.dtb": true,
		"start.elf": true, "bcm2712-rpi-5-b.dtb": false, "secret": true, "../secret": true, "5b154510/../secret": true, "one": true,
	} {
		if !isMissing(t, tr, name, asker) {
			t.Errorf("%s is there", name)
		}
		if e, _ := tr.Describe(name, peer); e.Optional != optional || e.Spare {
			t.Errorf("%s is described as %+v", name, e)
		}
	}
	if why := route.RPiNeeds(boot.Client{Model: "Raspberry Pi 3"}, "start.elf"); !why {
		t.Error("a Raspberry Pi 3 does without start.elf")
	}
}

func isMissing(t *testing.T, tr *Tree, name string, a Asker) bool {
	t.Helper()
	f, err := tr.Open(t.Context(), name, a)
	if err == nil {
		_ = f.Close()
	}
	return err != nil
}

// A folder of the operator's is served by the names in it, wherever the firmware lies,
// and first by the very path that is asked for. Nothing outside is.
func TestRaspberryPiFolder(t *testing.T) {
	tr := newRPi(t)
	dir := t.TempDir()
	for name, content := range map[string]string{"pi/start4.elf": "FIRMWARE", "pi/own": "KERNEL", "5b154510/config.txt": "ITS OWN", "pi/config.txt": "ALL", "pi/boot.img": "IMAGE"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "pi/link")); err != nil {
		t.Fatal(err)
	}
	folders, err := OpenFolders([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer folders.Close()
	folder := boot.Folder{Dir: dir, Programs: []boot.Program{{Name: "pi/start4.elf", Firmware: boot.RPiFirmware, Arch: boot.ARM64}}, Kernels: []string{"pi/own"}}
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: folder}, nil })
	tr.Brings = func(boot.Client) (boot.Bringer, bool) { return folder, true }
	tr.Sources.Local = folders
	asker := overTFTP
	asker.Peer = peer
	for name, want := range map[string]string{
		"start4.elf": "FIRMWARE", "5b154510/start4.elf": "FIRMWARE", "5b154510/own": "KERNEL", "5b154510/config.txt": "ITS OWN", "config.txt": "ALL",
		"net_install/boot.img": "IMAGE", "dc-a6-32-01-36-c2/config.txt": "ALL",
	} {
		if got := read(t, tr, name, asker); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for _, name := range []string{"link", "5b154510/link", "../secret", "5b154510/../../secret", "none", "pi"} {
		if !isMissing(t, tr, name, asker) {
			t.Errorf("%s is there", name)
		}
	}
	if e, _ := tr.Describe("5b154510/own", peer); e.Role != route.Kernel || !e.Last || e.Name != "own" {
		t.Errorf("its kernel is described as %+v", e)
	}
	if asker.Peer = stranger; !isMissing(t, tr, "start4.elf", asker) {
		t.Error("a stranger gets it")
	}
}

// No offer names a file to a Raspberry Pi.
func TestRaspberryPiLocation(t *testing.T) {
	tr := newRPi(t)
	if got := tr.Location(rpi, route.Configured(boot.RPi, route.TFTP)); got != "" {
		t.Errorf("it is told %q", got)
	}
}

// Whatever a Raspberry Pi asks for stays below its folder.
func FuzzRPiName(f *testing.F) {
	for _, name := range []string{"5b154510/start4.elf", "/../..//x", "net_install/boot.img", "dc-a6-32-01-36-c2/../x", `a\b`, ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		if name := rpiName(rpi, asked); strings.HasPrefix(name, "/") || name == ".." || strings.HasPrefix(name, "../") {
			t.Errorf("%q becomes %q", asked, name)
		}
	})
}
