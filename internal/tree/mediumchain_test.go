package tree

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/httpd"
)

// bootImage is a FAT file system with files in EFI/BOOT.
func bootImage(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	image := filepath.Join(dir, "efi.img")
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("mkfs.fat", "-C", image, "2880")
	run("mmd", "-i", image, "::EFI", "::EFI/BOOT")
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		run("mcopy", "-i", image, path, "::EFI/BOOT/"+name)
	}
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A medium's shim and what it starts come out of its boot image, by whatever name the shim
// asks for it, and all of the medium is there too, with what is told of it.
func TestMediumChain(t *testing.T) {
	grub := strings.Repeat("the GRUB\n", 5000)
	path := discImage(t, map[string]string{
		"efi.img": bootImage(t, map[string]string{"BOOTX64.EFI": "the shim", "grubx64.efi": grub}), "live/vmlinuz": "KERNEL",
	}, "-e", "efi.img", "-no-emul-boot")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	inside := func(name string) boot.File { return boot.File{Source: path, Inside: name} }
	payload := boot.Payload{Content: boot.Linux{
		Kernel: inside("live/vmlinuz"), Arch: boot.X64, Abilities: boot.Abilities{Known: true, EFIStub: true, Signed: true},
		Medium: boot.Medium{
			Image: boot.File{Source: path},
			Whole: boot.Disk{Image: boot.File{Source: path}, Layout: boot.LayoutISO, Bytes: info.Size(), EFI: []boot.DiskProgram{{Arch: boot.X64, Signed: true}}},
			Chains: []boot.MediumChain{{
				Arch: boot.X64, Shim: inside(boot.EFIImage + "EFI/BOOT/BOOTX64.EFI"), GRUB: inside(boot.EFIImage + "EFI/BOOT/grubx64.efi"), Signed: true,
				Version: "2.12", Reaches: boot.CanTFTP | boot.CanHTTP | boot.CanProxyDHCP,
			}},
		},
	}}
	tr, _ := newTree(t)
	tr.Sources = Sources{Local: NamedFiles(payload.Files()), Images: NewImages()}
	tr.Resolver = resolverFunc(func(boot.Client) (boot.Payload, error) { return payload, nil })
	tr.Brings = func(boot.Client) (boot.Bringer, bool) { return payload.Brings() }

	chain := tr.Names.Boot(rom, byShim(t, "uefi-medium-shim-grub"))
	for name, want := range map[string]string{"/shim.efi": "the shim", "//grubx64.efi": grub, "/grub.efi": grub} {
		if got := read(t, tr, chain+name, overTFTP); got != want {
			t.Errorf("%s has %d bytes: %.20q", name, len(got), got)
		}
	}
	if got := read(t, tr, chain+"/grub.cfg", overTFTP); !strings.Contains(got, "if linux '(http,") {
		t.Errorf("the GRUB is told %s", got)
	}
	if f, err := tr.Open(t.Context(), chain+"/mmx64.efi", overTFTP); err == nil {
		t.Errorf("there is a MokManager: %v", f)
	}
	sent(t, tr.Sources, inside(boot.EFIImage+"EFI/BOOT/grubx64.efi"), grub)

	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uefi-http-whole", "uefi-whole"} {
		whole := tr.Names.Boot(rom, byShim(t, name))
		if got := read(t, tr, whole+"/image.iso", overTFTP); got != string(content) {
			t.Errorf("by %s the image has %d bytes", name, len(got))
		}
	}
	if got := tr.Configuration(rom, payload, byShim(t, "uefi-whole"), overTFTP); !strings.Contains(got, "/image.iso\n") {
		t.Errorf("the RAM-disk program is told %s", got)
	}
}

// sent checks that a file is sent from where it lies in its image.
func sent(t *testing.T, s Sources, name boot.File, want string) {
	t.Helper()
	f, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	backed, ok := f.(httpd.Backed)
	if !ok {
		t.Fatal("it isn't sent from its image")
	}
	file, at, n, err := backed.Backing(100)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(file, at, n))
	if err != nil || string(got) != want[100:100+n] {
		t.Errorf("from byte 100 on it is sent as %.20q, %v", got, err)
	}
}
