package route

import (
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// diskFor is a disk with what boots on these.
func diskFor(bios bool, programs ...boot.DiskProgram) boot.Payload {
	return boot.Payload{Content: boot.Disk{Image: boot.File{Source: "/srv/disk.img"}, Layout: boot.LayoutGPT, Bytes: 64 << 20, BIOS: bios, EFI: programs}}
}

// withRAMDisk adds Spur's RAM-disk program for x64.
func withRAMDisk(h Host, signed ...Signature) Host {
	h.Loaders = append(slices.Clone(h.Loaders), Binary{
		Build:    Build{"ramdiskx64.efi", boot.UEFI, boot.X64},
		Identity: Identity{Kind: KindRAMDisk, Firmware: boot.UEFI, Arch: boot.X64, Signatures: signed},
	})
	return h
}

func TestDiskRoutes(t *testing.T) {
	x64, signed := boot.DiskProgram{Arch: boot.X64}, boot.DiskProgram{Arch: boot.X64, Signed: true}
	large := diskFor(true)
	content := large.Content.(boot.Disk)
	content.Bytes = 5 << 30
	large.Content = content
	uefiHTTP := uefiROM
	uefiHTTP.Proto = boot.HTTP
	for _, test := range []struct {
		name   string
		client boot.Client
		disk   boot.Payload
		host   Host
		want   []string
		form   Form
	}{
		{"BIOS", biosROM, diskFor(true), all(), []string{"bios-undionly", "bios-ipxe", "bios-lpxelinux", "bios-pxelinux"}, MemdiskForm},
		{"BIOS without MEMDISK", biosROM, diskFor(true), without(all(), MemdiskFile), []string{"bios-undionly", "bios-ipxe"}, SANForm},
		{"BIOS, too large for its memory", biosROM, large, all(), []string{"bios-undionly", "bios-ipxe"}, SANForm},
		{"BIOS iPXE without HTTP", biosBare, diskFor(true), all(), []string{"bios-ipxe-undionly", "ipxe-tftp"}, MemdiskForm},
		{"BIOS, a disk for UEFI alone", biosROM, diskFor(false, x64), all(), nil, ""},
		{"UEFI", uefiROM, diskFor(false, x64), withRAMDisk(all()), []string{"uefi-ramdisk", "uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct"}, RAMDiskForm},
		{"UEFI without plain HTTP", uefiROM, diskFor(false, x64), withRAMDisk(Host{WithoutHTTP: true, HTTPS: true}), []string{"uefi-ramdisk"}, RAMDiskForm},
		{"UEFI without the program", uefiROM, diskFor(false, x64), all(), []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct"}, SANForm},
		{"UEFI HTTP Boot", uefiHTTP, diskFor(false, x64), all(), []string{"uefi-http", "uefi-x64-http-snponly"}, DiskForm},
		{"UEFI iPXE", uefiIPXE, diskFor(false, x64), all(), []string{"ipxe-http", "ipxe-tftp"}, SANForm},
		{"UEFI, a disk for a BIOS alone", uefiROM, diskFor(true), withRAMDisk(all()), nil, ""},
		{"UEFI, a disk for another architecture", uefiROM, diskFor(false, boot.DiskProgram{Arch: boot.ARM64}), withRAMDisk(all()), nil, ""},
		{"Secure Boot, nothing signed", secure, diskFor(false, x64), withRAMDisk(signing(all())), nil, ""},
		{"Secure Boot, all signed", secure, diskFor(false, signed), withRAMDisk(signing(all())), []string{"uefi-ramdisk", "uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct"}, RAMDiskForm},
		{"Secure Boot, the program isn't signed", secure, diskFor(false, signed), withRAMDisk(all()), nil, ""},
		{"UEFI over IPv6", overIPv6, diskFor(false, x64), withRAMDisk(all()), []string{"uefi-ramdisk", "uefi-x64-snponly", "uefi-x64-ipxe"}, RAMDiskForm},
	} {
		t.Run(test.name, func(t *testing.T) {
			ladder := Routes(test.client, test.disk, test.host)
			if got := names(ladder); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if len(test.want) > 0 && ladder.Routes[0].Form != test.form {
				t.Errorf("the form is %s", ladder.Routes[0].Form)
			}
			if len(test.want) == 0 && ladder.Obstacle(test.client) == "" {
				t.Error("no route, and no word why")
			}
		})
	}
}

// A boot's own files are MEMDISK for what starts it, and what the RAM-disk program is told.
func TestDiskFiles(t *testing.T) {
	for name, file := range map[string]string{"ipxe-http": MemdiskFile, "bios-lpxelinux": MemdiskFile, "bios-grub": MemdiskFile, "uefi-ramdisk": RAMDiskConfig} {
		i := slices.IndexFunc(Entries(), func(e Entry) bool { return e.Name == name })
		if f, ok := Entries()[i].route().File(file); !ok || f.Name != file {
			t.Errorf("%s has no %s", name, file)
		}
	}
}
