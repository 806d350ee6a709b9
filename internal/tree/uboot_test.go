package tree

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

var (
	board = boot.Client{
		MAC: boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 7}, Server: server,
		Firmware: boot.Board, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.UBoot,
	}
	boardAddr = netip.MustParseAddr("10.0.0.77")
	scripted  = route.UBootRoute(board)
)

// uBootTree is a tree with two initrds that lie on this host, and a board.
func uBootTree(t *testing.T) *Tree {
	t.Helper()
	tr, dir := newTree(t)
	for name, text := range map[string]string{"initrd": "INITRD", "more": "MORE"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) boot.File { return boot.File{Source: filepath.Join(dir, name)} }
	linux := boot.Linux{Kernel: file("vm linuz"), Initrds: []boot.File{file("initrd"), file("more")}, Arch: boot.ARM64}
	linux.Cmdline.Text("a=$b")
	tr.Sources.Local = NamedFiles(linux.Files())
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: linux}, nil })
	clients := &decide.Clients{}
	clients.Saw(boardAddr, board)
	tr.Boots, tr.AskAtRoot = clients, false
	return tr
}

func TestUBootFiles(t *testing.T) {
	tr := uBootTree(t)
	folder := tr.Names.Boot(board, scripted) + "/"
	asker := Asker{Via: route.TFTP, Server: server, Peer: boardAddr}
	for name, want := range map[string]string{
		"boot.scr.uimg":                         "tftpboot ${pxefile_addr_r} " + folder + "pxelinux.cfg/scripted",
		"boot.scr":                              "setenv serverip 10.0.0.1\nsetenv bootfile " + folder + "boot.scr.uimg\nsetenv bootargs 'a=$b'\n",
		folder + "boot.scr.uimg":                "pxe boot",
		folder + "pxelinux.cfg/scripted":        "label spur\nkernel kernel\ninitrd initrd\n",
		folder + "pxelinux.cfg/01-52-54-00-aa":  "kernel kernel\ninitrd initrd\nappend a=\\$b\n",
		"pxelinux.cfg/default-arm":              "kernel " + folder + "kernel\ninitrd " + folder + "initrd\nappend a=\\$b\n",
		"sub/pxelinux.cfg/0A00004D":             "kernel " + folder + "kernel\n",
		folder + "kernel":                       "KERNEL",
		folder + "initrd":                       "INITRD\x00\x00MORE",
		folder + "up":                           "is up",
		tr.Names.Boot(board, scripted) + "//up": "is up", // U-Boot joins a folder and a slash
	} {
		if got := read(t, tr, name, asker); !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", name, want, got)
		}
		e, ok := tr.Describe(name, boardAddr)
		if !ok || e.Client.MAC != board.MAC || e.Role == "" || e.Last != (e.Role == route.Kernel) {
			t.Errorf("%s is %+v, %v", name, e, ok)
		}
	}
}

// At the root only who was seen taking the address as U-Boot finds anything, and no
// file of the payload.
func TestUBootAtRoot(t *testing.T) {
	tr := uBootTree(t)
	other := netip.MustParseAddr("10.0.0.78")
	tr.Boots.(*decide.Clients).Saw(other, rom)
	for name, from := range map[string]netip.Addr{
		"boot.scr.uimg": netip.MustParseAddr("10.0.0.79"), "boot.scr": other,
		"kernel": boardAddr, "initrd": boardAddr, "up": boardAddr, "pxelinux.cfg/a/b": boardAddr, "pxelinux.cfg/": boardAddr, "boot.ipxe": boardAddr,
	} {
		if f, err := tr.Open(t.Context(), name, Asker{Via: route.TFTP, Server: server, Peer: from}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s from %s: %v, %v", name, from, f, err)
		}
	}
	// It takes its own device tree where there is none.
	for _, name := range []string{"dtb/", "dtb/virt.dtb", tr.Names.Boot(board, scripted) + "/dtb/virt.dtb"} {
		if e, _ := tr.Describe(name, boardAddr); !e.Spare || e.Client.MAC != board.MAC {
			t.Errorf("%s is %+v", name, e)
		}
	}
}

// Where somebody else's DHCP server sends machines here, a U-Boot shows by its
// question alone what it is.
func TestUBootWithoutDHCP(t *testing.T) {
	tr := uBootTree(t)
	tr.Boots, tr.AskAtRoot = nil, true
	if got := read(t, tr, "boot.scr.uimg", overTFTP); !strings.Contains(got, "pxe boot") {
		t.Error(got)
	}
}

// What can't be told becomes text too, for who stands in front of the board.
func TestUBootTrouble(t *testing.T) {
	tr := uBootTree(t)
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, errors.New("the API is down") })
	for _, name := range []string{"boot.scr.uimg", "pxelinux.cfg/default"} {
		f, err := tr.Open(t.Context(), name, Asker{Via: route.TFTP, Server: server, Peer: boardAddr})
		if err != nil {
			t.Fatal(err)
		}
		if Trouble(f) == nil || !strings.Contains(read(t, tr, name, Asker{Via: route.TFTP, Server: server, Peer: boardAddr}), "the API is down") {
			t.Errorf("%s: %v", name, Trouble(f))
		}
	}
	if _, err := tr.Open(t.Context(), tr.Names.Boot(board, scripted)+"/kernel", overTFTP); err == nil {
		t.Error("a kernel")
	}
}
