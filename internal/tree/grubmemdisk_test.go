package tree

import (
	"bytes"
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/grubimage"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/rawdisk"
	"github.com/spurboot/spur/internal/route"
)

// A GRUB is given out with the disk of the payload in it, as it is on the disk and not as
// its image lies, always the same; and follows the configuration on that.
func TestGRUBWithADisk(t *testing.T) {
	dir := t.TempDir()
	modules, err := lab.Unpacked("grub-efi-amd64-bin", "usr/lib/grub")
	if err != nil {
		t.Fatal(err)
	}
	tool, err := grubimage.Tool()
	if err != nil {
		t.Fatal(err)
	}
	made, err := grubimage.Targets()[1].Make(t.Context(), tool, modules, dir)
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("a sector", 128)
	raw, image, grub := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "disk.qcow2"), filepath.Join(dir, "made.efi")
	for _, err := range []error{os.WriteFile(raw, []byte(content), 0o600), os.WriteFile(grub, made, 0o600), exec.Command("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image).Run()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	disk := boot.Disk{Image: boot.File{Source: image}, Layout: boot.LayoutFAT, Bytes: int64(len(content)), GRUB: boot.GRUBConfig{Path: "/boot/grub/grub.cfg"}}
	tr := newChain(t, boot.CanTFTP)
	disks := rawdisk.New(dir, func(string) {})
	t.Cleanup(func() { _ = disks.Close() })
	tr.Disks, tr.Sources.Local = disks, NamedFiles(disk.Files())
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return boot.Payload{Content: disk}, nil })
	tr.Loaders = route.Binaries{{Build: route.Build{File: "made.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: grub, Identity: route.Identity{
		Kind: route.KindGRUB, Firmware: boot.UEFI, Arch: boot.X64, Version: "2.06", Features: boot.CanTFTP | boot.CanMemdisk,
	}}}
	folder := tr.Names.Boot(rom, byShim(t, "uefi-grub"))
	got := []byte(read(t, tr, folder+"/grub.efi", overTFTP))
	f, err := pe.NewFile(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	mods, err := f.Section("mods").Data()
	if err != nil || !bytes.HasSuffix(bytes.TrimRight(mods, "\x00"), []byte(content)) || !bytes.HasPrefix(got[len(made)/2:], made[len(made)/2:][:1000]) {
		t.Errorf("%v: %d bytes have become %d, of which the modules are %d", err, len(made), len(got), len(mods))
	}
	if first := tag(t, tr, folder+"/grub.efi"); first != tag(t, tr, folder+"/grub.efi") {
		t.Error("it is another one each time")
	}
	opened, err := tr.Open(t.Context(), folder+"/grub.cfg", overTFTP)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if config := read(t, tr, folder+"/grub.cfg", overTFTP); !Last(opened) || !strings.Contains(config, "configfile '(memdisk)/boot/grub/grub.cfg'") {
		t.Errorf("it is told, as the last, %v: %q", Last(opened), config)
	}
}

func tag(t *testing.T, tr *Tree, path string) string {
	t.Helper()
	f, err := tr.Open(t.Context(), path, overTFTP)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.(interface{ ETag() string }).ETag()
}
