package loader

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func disk(layout boot.Layout) boot.Payload {
	return boot.Payload{Message: "hello\n\x1b[31m", Content: boot.Disk{
		Image: boot.File{Source: "/srv/rescue disk.img.gz"}, Layout: layout, Bytes: 1474560, Geometry: boot.Geometry{Cylinders: 80, Heads: 2, Sectors: 18},
	}}
}

func diskURLs() URLs {
	return URLs{Kernel: "http://192.0.2.1/S/rescue_disk.img", BootFile: "S/rescue_disk.img", Memdisk: "http://192.0.2.1/S/memdisk", Disk: "http://192.0.2.1/S/rescue_disk.img"}
}

func TestDiskConfigurations(t *testing.T) {
	bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86}
	uefi := boot.Client{Firmware: boot.UEFI, Arch: boot.X64}
	san := diskURLs()
	san.Memdisk = ""
	without := diskURLs()
	without.Disk = ""
	for _, test := range []struct {
		name   string
		write  func(boot.Client, boot.Payload, URLs) string
		client boot.Client
		layout boot.Layout
		urls   URLs
		want   []string
		not    []string
	}{
		{"iPXE, floppy", IPXEScript, bios, boot.LayoutFloppy, diskURLs(), []string{
			"kernel --name memdisk http://192.0.2.1/S/memdisk?memory=${memory} floppy c=80 h=2 s=18 || goto failed\n", "initrd --name initrd0 http://192.0.2.1/S/rescue_disk.img ||", "\nsanboot --drive 0 http://192.0.2.1/S/rescue_disk.img ||\n",
		}, nil},
		{"iPXE, ISO", IPXEScript, bios, boot.LayoutISO, diskURLs(), []string{"memdisk http://192.0.2.1/S/memdisk?memory=${memory} iso raw ||", "\nsanboot http"}, nil},
		{"iPXE, hard disk, without HTTP", IPXEScript, bios, boot.LayoutMBR, without, []string{"memdisk http://192.0.2.1/S/memdisk?memory=${memory} harddisk ||"}, []string{"sanboot"}},
		{"iPXE without MEMDISK", IPXEScript, uefi, boot.LayoutISO, san, []string{"\nsanboot http://192.0.2.1/S/rescue_disk.img || goto failed\n"}, []string{"memdisk"}},
		{"PXELINUX", PXELINUXConfig, bios, boot.LayoutISO, diskURLs(), []string{"SAY hello\n", "LINUX http://192.0.2.1/S/memdisk\nINITRD http://192.0.2.1/S/rescue_disk.img\nAPPEND iso raw\n"}, nil},
		{"GRUB", GRUBConfig, bios, boot.LayoutMBR, diskURLs(), []string{"linux16 '(http,192.0.2.1)/S/memdisk' 'harddisk'", "initrd16 '(http,192.0.2.1)/S/rescue_disk.img'"}, nil},
		{"RAM-disk program", RAMDiskConfig, uefi, boot.LayoutGPT, diskURLs(), []string{"title rescue disk.img.gz\nsize 1474560\ntype disk\nmessage hello\nmessage ?[31m\nhttp http://192.0.2.1/S/rescue_disk.img\ntftp S/rescue_disk.img\n"}, nil},
		{"RAM-disk program without HTTP", RAMDiskConfig, uefi, boot.LayoutISO, without, []string{"type cd\n", "\ntftp S/"}, []string{"http"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.write(test.client, disk(test.layout), test.urls)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("it lacks %q:\n%s", want, got)
				}
			}
			for _, not := range test.not {
				if strings.Contains(got, not) {
					t.Errorf("it has %q:\n%s", not, got)
				}
			}
		})
	}
}

// What a loader can't bring it says.
func TestDiskTrouble(t *testing.T) {
	for name, got := range map[string]string{
		"iPXE":             IPXEScript(boot.Client{}, disk(boot.LayoutISO), URLs{}),
		"PXELINUX":         PXELINUXConfig(boot.Client{}, disk(boot.LayoutISO), URLs{}),
		"GRUB":             GRUBConfig(boot.Client{}, disk(boot.LayoutISO), URLs{}),
		"RAM-disk program": RAMDiskConfig(boot.Client{}, boot.Payload{Content: boot.Linux{}}, URLs{}),
	} {
		if !strings.Contains(got, "cannot bring") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
