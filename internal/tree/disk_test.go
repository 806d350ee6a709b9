package tree

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/route"
)

// A disk is beside what loads it, as it is on the disk and not as its image lies, and what
// is to load it is there too.
func TestDisk(t *testing.T) {
	tr, _ := newTree(t)
	dir := t.TempDir()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	content := strings.Repeat("a sector", 64)
	_, _ = z.Write([]byte(content))
	image, memdisk := filepath.Join(dir, "disk.img.gz"), filepath.Join(dir, "memdisk")
	for _, err := range []error{z.Close(), os.WriteFile(image, zipped.Bytes(), 0o600), os.WriteFile(memdisk, []byte("MEMDISK"), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	disk := boot.Disk{Image: boot.File{Source: image}, Layout: boot.LayoutMBR, Bytes: int64(len(content)), BIOS: true, EFI: []boot.DiskProgram{{Arch: boot.X64}}}
	disks := rawdisk.New(dir, func(string) {})
	t.Cleanup(func() { _ = disks.Close() })
	tr.Disks, tr.Sources.Local = disks, NamedFiles(disk.Files())
	tr.Brings = func(boot.Client) (boot.Bringer, bool) { return disk, true }
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: disk}, nil })
	tr.Loaders = append(tr.Loaders,
		route.Binary{Build: route.Build{File: "ramdiskx64.efi", Firmware: boot.UEFI, Arch: boot.X64}, Content: []byte("PROGRAM"), Identity: route.Identity{Kind: route.KindRAMDisk, Firmware: boot.UEFI, Arch: boot.X64}},
		route.Binary{Build: route.Build{File: route.MemdiskFile, Firmware: boot.BIOS, Arch: boot.X86}, Path: memdisk})

	uefi := tr.Names.Boot(rom, byShim(t, "uefi-ramdisk"))
	bios := biosROM
	bios.Loader, bios.Features = boot.IPXE, boot.UsualIPXE
	ipxe := tr.Names.Boot(bios, byShim(t, "ipxe-http"))
	for path, want := range map[string]string{
		uefi + "/ramdisk.efi": "PROGRAM", uefi + "/disk.img": content, ipxe + "/disk.img": content, ipxe + "/memdisk": "MEMDISK",
	} {
		if got := read(t, tr, path, overTFTP); got != want {
			t.Errorf("%s has %d bytes: %.40q", path, len(got), got)
		}
	}
	if got := read(t, tr, uefi+"/ramdisk.cfg", overTFTP); !strings.Contains(got, "size 512\n") || !strings.Contains(got, "tftp "+uefi+"/disk.img\n") || !strings.Contains(got, "http http://") {
		t.Errorf("the program is told %q", got)
	}
	if e, ok := tr.Describe(uefi+"/disk.img", rom.Server); !ok || e.Role != route.Kernel || !e.Last {
		t.Errorf("the disk is described as %+v, %v", e, ok)
	}
	if got := read(t, tr, ipxe+"/boot.ipxe", overTFTP); !strings.Contains(got, "/memdisk harddisk") || !strings.Contains(got, "sanboot http://") {
		t.Errorf("iPXE is told %q", got)
	}
}
