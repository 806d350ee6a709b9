package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// withGRUBs adds a GRUB as distributions have it and, behind it, one that a disk can be put
// into.
func withGRUBs(h Host) Host {
	h.Loaders = slices.Clone(h.Loaders)
	for i, can := range []boot.Features{0, boot.CanMemdisk} {
		h.Loaders = append(h.Loaders, Binary{
			Build: Build{"grub.efi", boot.UEFI, boot.X64}, Path: "/x/grub.efi", Sum: [32]byte{byte(i + 1)},
			Identity: Identity{Kind: KindGRUB, Firmware: boot.UEFI, Arch: boot.X64, Version: "2.12", Features: can | boot.CanTFTP | boot.CanHTTP | boot.CanAfterHTTPBoot | boot.CanProxyDHCP},
		})
	}
	return h
}

// A disk with a configuration of GRUB's boots by a GRUB that it is put into, after all that
// makes a disk of it for what boots.
func TestGRUBMemdiskRoutes(t *testing.T) {
	disk := func(bytes int64, programs ...boot.DiskProgram) boot.Payload {
		return boot.Payload{Content: boot.Disk{
			Image: boot.File{Source: "/srv/disk.img"}, Layout: boot.LayoutGPT, Bytes: bytes, EFI: programs, GRUB: boot.GRUBConfig{Partition: "gpt1", Path: "/boot/grub/grub.cfg"},
		}}
	}
	x64 := boot.DiskProgram{Arch: boot.X64}
	proxied, old := uefiROM, withGRUBs(Host{})
	proxied.Proxied = true
	old.Loaders = old.Loaders[1:]
	old.Loaders[0].Identity.Features &^= boot.CanProxyDHCP
	uefiHTTP, on, byGRUB := uefiROM, withGRUBs(all()), withGRUBs(all())
	uefiHTTP.Proto, on.SecureBoot, byGRUB.Loader = boot.HTTP, SecureBootOn, boot.GRUB
	for _, test := range []struct {
		name   string
		client boot.Client
		disk   boot.Payload
		host   Host
		want   []string
		why    string // what is said of uefi-grub where it can't be taken, or uefi-shim-grub
	}{
		{"no program on it", uefiROM, disk(64 << 20), withGRUBs(all()), []string{"uefi-grub"}, "Spur puts no disk into a GRUB that a shim starts"},
		{"HTTP Boot", uefiHTTP, disk(64 << 20), withGRUBs(all()), []string{"uefi-http-grub"}, ""},
		{"a program on it", uefiROM, disk(64<<20, x64), withGRUBs(withRAMDisk(all())), []string{"uefi-ramdisk", "uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-grub"}, ""},
		{"GRUB was asked for", uefiROM, disk(64<<20, x64), byGRUB, []string{"uefi-grub"}, ""},
		{"no GRUB with memdisk", uefiROM, disk(64 << 20), Host{Loaders: withGRUBs(Host{}).Loaders[:1]}, nil, "grub.efi (GRUB 2.12) has no room for a disk (module memdisk); spur loader make grub makes one"},
		{"a GRUB that stops beside another DHCP server", proxied, disk(64 << 20), old, nil, "take one that spur loader make grub makes on Debian 13"},
		{"no GRUB", uefiROM, disk(64 << 20), Host{}, nil, "spur loader make grub makes one that a disk can be put into"},
		{"too large", uefiROM, disk(2 << 30), withGRUBs(all()), nil, "a disk in a GRUB can have 1024 MiB"},
		{"without a configuration", uefiROM, diskFor(false), withGRUBs(all()), nil, "has no grub.cfg for a GRUB"},
		{"Secure Boot", uefiROM, disk(64 << 20), on, nil, "starts no kernel under Secure Boot"},
		{"a BIOS", biosROM, disk(64 << 20), withGRUBs(all()), nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ladder := Routes(test.client, test.disk, test.host)
			if got := names(ladder); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if n := len(ladder.Routes); n > 0 {
				last := ladder.Routes[n-1]
				b, _ := test.host.Loaders.Given(last, test.client)
				if last.Form != GRUBMemdiskForm || !b.Identity.Features.Has(boot.CanMemdisk) || !strings.Contains(last.Why, "sees no disk") {
					t.Errorf("%+v gives %+v", last, b)
				}
			}
			says := func(r Rejected) bool { return strings.HasSuffix(r.Name, "grub") && strings.Contains(r.Why, test.why) }
			if test.why != "" && !slices.ContainsFunc(ladder.Rejected, says) {
				t.Errorf("it says %+v", ladder.Rejected)
			}
		})
	}
}

// A GRUB that draws a menu has no item of it in it.
func TestGRUBMemdiskInMenu(t *testing.T) {
	item := boot.Payload{Content: boot.Disk{Image: boot.File{Source: "/srv/disk.img"}, Bytes: 1 << 20, GRUB: boot.GRUBConfig{Path: "/boot/grub/grub.cfg"}}}
	host := withGRUBs(Host{})
	grub := Route{Name: "uefi-grub", Loader: boot.GRUB, Give: GRUBForUEFI, Role: NBP, Via: TFTP}
	if _, why := grub.Item(uefiROM, item, host); why != "the GRUB that draws the menu doesn't have the disk in it" {
		t.Errorf("it says %q", why)
	}
}
