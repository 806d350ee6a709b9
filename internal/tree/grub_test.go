package tree

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// A GRUB without a shim gets its configuration beside itself and where it was built to
// look, and is told to fetch over HTTP where it can: from another port than HTTP's own
// only from 2.12 on.
func TestGRUBWithoutShim(t *testing.T) {
	for _, tt := range []struct {
		can     boot.Features
		version string
		port    uint16
		scheme  string
	}{
		{boot.CanTFTP, "2.06", 80, "(tftp,10.0.0.1)/"},
		{boot.CanTFTP | boot.CanHTTP, "2.06-13+deb12u2", 80, "(http,10.0.0.1)/"},
		{boot.CanTFTP | boot.CanHTTP, "2.06-13+deb12u2", 8080, "(tftp,10.0.0.1)/"},
		{boot.CanTFTP | boot.CanHTTP, "", 8080, "(tftp,10.0.0.1)/"},
		{boot.CanTFTP | boot.CanHTTP, "2.12-9", 8080, "(http,10.0.0.1:8080)/"},
		{boot.CanTFTP | boot.CanHTTP, "2.12-9", 0, "(tftp,10.0.0.1)/"},
	} {
		tr := newChain(t, tt.can)
		tr.HTTPPort = tt.port
		for i := range tr.Loaders {
			tr.Loaders[i].Identity.Version = tt.version
		}
		r := byShim(t, "uefi-grub")
		asker := overTFTP
		asker.Peer = peer
		folder := tr.Names.Boot(rom, r)
		if got := read(t, tr, folder+"/grub.efi", asker); got != "GRUB" {
			t.Errorf("the loader is %q", got)
		}
		tr.NoteBoot(folder+"/grub.efi", peer)
		for _, path := range []string{folder + "/grub.cfg", "/grub/grub.cfg"} {
			if got := read(t, tr, path, asker); !strings.Contains(got, "if linux '"+tt.scheme) || !strings.Contains(got, "initrd '"+tt.scheme) {
				t.Errorf("%s is %q, with %+v", path, got, tt)
			}
		}
		if _, err := tr.Open(t.Context(), folder+"/grubx64.efi", asker); err == nil {
			t.Error("there is a second stage")
		}
	}
}

// gPXE and GRUB Legacy get what they read, and trouble in the same words.
func TestOldLoaders(t *testing.T) {
	for name, want := range map[string][2]string{
		"bios-gpxe-tftp":   {"boot.gpxe", "#!gpxe\n"},
		"bios-grub-legacy": {"menu.lst", "root (nd)\n"},
	} {
		tr, _ := newTree(t)
		kernel := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}, Initrds: []boot.File{{Source: "/boot/initrd"}}}}
		tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return kernel, nil })
		r := byShim(t, name)
		client := boot.Client{MAC: rom.MAC, Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
		if r.Loader == boot.GPXE {
			client.Loader, client.Features = boot.GPXE, boot.UsualIPXE
		} else {
			tr.Loaders = append(tr.Loaders, route.Binary{
				Build: route.Build{File: "pxegrub", Firmware: boot.BIOS, Arch: boot.X86}, Path: "/x/pxegrub",
				Identity: route.Identity{Kind: route.KindGRUBLegacy, Firmware: boot.BIOS, Arch: boot.X86, Features: boot.CanTFTP},
			})
		}
		path := tr.Names.Boot(client, r) + "/" + want[0]
		if got := read(t, tr, path, overTFTP); !strings.Contains(got, want[1]) || strings.Contains(got, "http://10.0.0.1/K") {
			t.Errorf("%s is %q", path, got)
		}
		tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, boot.ErrIgnore })
		if got := read(t, tr, path, overTFTP); !strings.Contains(got, "Spur has nothing to boot") || strings.Contains(got, "#!ipxe") {
			t.Errorf("%s is %q", path, got)
		}
	}
}
