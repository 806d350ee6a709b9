package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestUBootLadder(t *testing.T) {
	client := func(f boot.Firmware, a boot.Arch) boot.Client {
		return boot.Client{Firmware: f, Arch: a, Proto: boot.PXE, Loader: boot.UBoot}
	}
	proxied, six := client(boot.Board, boot.ARM64), client(boot.Board, boot.ARM64)
	proxied.Proxied, six.IPv6 = true, true
	saying := func(text string) boot.Payload {
		l := boot.Linux{Arch: boot.ARM64}
		l.Cmdline.Text(text)
		return boot.Payload{Content: l}
	}
	packed := boot.Payload{Content: boot.Linux{Arch: boot.ARM64, Abilities: boot.Abilities{Known: true, EFIStub: true, Compression: "gzip"}}}
	efi := func(a boot.Arch) boot.Payload { return boot.Payload{Content: boot.EFI{Arch: a}} }
	for name, c := range map[string]struct {
		client  boot.Client
		payload boot.Payload
		host    Host
		want    []string
		why     string
	}{
		"by itself":                       {client(boot.Board, boot.ARM64), linux(boot.ARM64), Host{}, []string{"uboot-script"}, ""},
		"of no known architecture":        {client(boot.Board, ""), linux(boot.RISCV64), Host{}, []string{"uboot-script"}, ""},
		"which ARM's would say":           {client(boot.Board, ""), linux(boot.ARM64), Host{}, nil, "this U-Boot doesn't say that it is"},
		"and x86's say later":             {client(boot.Board, ""), efi(boot.X64), Host{}, nil, "this U-Boot doesn't say that it is"},
		"another's kernel":                {client(boot.Board, boot.ARM64), linux(boot.X64), Host{}, nil, "is a kernel for x64, the machine is arm64"},
		"an EFI application":              {client(boot.Board, boot.ARM64), efi(boot.ARM64), Host{}, []string{"uboot-script"}, ""},
		"another's EFI application":       {client(boot.Board, boot.ARM64), efi(boot.X64), Host{}, nil, "is an EFI application for x64, the machine is arm64"},
		"an iPXE script":                  {client(boot.Board, boot.ARM64), boot.Payload{Content: boot.Script{}}, Host{}, nil, "which U-Boot can't start by itself"},
		"a packed kernel":                 {client(boot.Board, boot.ARM64), packed, Host{}, []string{"uboot-script"}, ""},
		"beside a DHCP server":            {proxied, linux(boot.ARM64), Host{}, nil, "only from the DHCP server that gives its address"},
		"over IPv6":                       {six, linux(boot.ARM64), Host{}, nil, "over IPv4 alone"},
		"its EFI":                         {client(boot.UEFI, boot.ARM64), linux(boot.ARM64), all(), []string{"uboot-efi", "uboot-pxelinux"}, ""},
		"its EFI, without a stub":         {client(boot.UEFI, boot.ARM64), linux(boot.ARM64), Host{}, []string{"uboot-pxelinux"}, ""},
		"what its shell changes":          {client(boot.Board, boot.ARM64), saying("it's"), Host{}, nil, "which U-Boot changes"},
		"but not its EFI":                 {client(boot.UEFI, boot.ARM64), saying("it's"), all(), []string{"uboot-efi"}, ""},
		"what its shell may take as well": {client(boot.Board, boot.ARM64), saying(`a=$b;c "d e"`), Host{}, []string{"uboot-script"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := Routes(c.client, c.payload, c.host)
			if got := names(l); !slices.Equal(got, c.want) || !strings.Contains(l.Obstacle(c.client), c.why) {
				t.Errorf("got %v, %q", got, l.Obstacle(c.client))
			}
		})
	}
}

// Whichever way U-Boot came to a boot's folder, all that it may ask for is there.
func TestUBootFiles(t *testing.T) {
	for _, firmware := range []boot.Firmware{boot.Board, boot.UEFI} {
		r := UBootRoute(boot.Client{Firmware: firmware, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.UBoot})
		for name, want := range map[string]Role{
			"boot.scr.uimg": Script, "boot.efi": Kernel, "kernel": Kernel, "initrd": Initrd, "up": Beacon,
			"pxelinux.cfg/default": Script, "pxelinux.cfg/01-52-54-00-12-34-56": Script, "pxelinux.cfg/": "", "pxelinux.cfg/a/b": "",
			"dtb/ti/k3.dtb": Extra, "dtb": Extra, "other": "",
		} {
			if f, ok := r.File(name); f.Role != want || ok != (want != "") {
				t.Errorf("%s: %s is %+v, %v", r.Name, name, f, ok)
			}
		}
	}
	if r := UBootRoute(boot.Client{Firmware: boot.Board, Loader: boot.UBoot, Proto: boot.PXE, IPv6: true}); r.Name != "" {
		t.Errorf("over IPv6: %s", r.Name)
	}
}

// An image of U-Boot's own is for U-Boot alone, by none but its own command.
func TestUBootImage(t *testing.T) {
	image := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/uImage"}, Arch: boot.ARM64, Abilities: boot.Abilities{Known: true, UBoot: true}}}
	board := boot.Client{Firmware: boot.Board, Arch: boot.ARM64, Proto: boot.PXE, Loader: boot.UBoot}
	if l := Routes(board, image, all()); len(l.Routes) != 1 || l.Routes[0].Name != "uboot-script" {
		t.Errorf("a board has %+v", l.Routes)
	}
	asEFI, rom := board, uefiROM
	asEFI.Firmware, rom.Arch = boot.UEFI, boot.ARM64
	if l := Routes(asEFI, image, all()); len(l.Routes) != 1 || l.Routes[0].Name != "uboot-pxelinux" {
		t.Errorf("one that asks for an EFI application has %+v", l.Routes)
	}
	if l := Routes(rom, image, all()); len(l.Routes) != 0 || !strings.Contains(l.Obstacle(rom), "uImage is an image for U-Boot") {
		t.Errorf("UEFI has %+v, %s", l.Routes, l.Obstacle(rom))
	}
}
