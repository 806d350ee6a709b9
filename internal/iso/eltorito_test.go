package iso_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/iso"
	"github.com/spurboot/spur/internal/lab"
)

// bootTree has boot images of all kinds: a loader, a floppy, and a FAT for EFI.
func bootTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "boot/loader.bin", 20_000)
	write(t, dir, "boot/floppy.img", 1440<<10)
	efi := filepath.Join(dir, "boot/efi.img")
	run(t, "truncate", "-s", "3M", efi)
	run(t, "mkfs.fat", efi)
	return dir
}

func TestBootImages(t *testing.T) {
	dir := bootTree(t)
	type expected struct {
		platform  iso.Platform
		emulation iso.Emulation
		file      string
		size      int64
		loaded    int64
	}
	bios, efi := expected{iso.BIOS, iso.NoEmulation, "boot/loader.bin", 2048, 2048}, expected{iso.EFI, iso.NoEmulation, "boot/efi.img", 3 << 20, 0}
	for name, tt := range map[string]struct {
		args []string
		want []expected
	}{
		"none":   {[]string{"xorriso", "-as", "mkisofs", "-R"}, nil},
		"BIOS":   {[]string{"xorriso", "-as", "mkisofs", "-R", "-b", "boot/loader.bin", "-no-emul-boot", "-boot-load-size", "4"}, []expected{bios}},
		"EFI":    {[]string{"xorriso", "-as", "mkisofs", "-R", "-e", "boot/efi.img", "-no-emul-boot"}, []expected{efi}},
		"both":   {[]string{"xorriso", "-as", "mkisofs", "-R", "-b", "boot/loader.bin", "-no-emul-boot", "-boot-load-size", "4", "-eltorito-alt-boot", "-e", "boot/efi.img", "-no-emul-boot"}, []expected{bios, efi}},
		"floppy": {[]string{"genisoimage", "-quiet", "-R", "-b", "boot/floppy.img", "-c", "boot/boot.cat"}, []expected{{iso.BIOS, iso.Floppy1440, "boot/floppy.img", 1440 << 10, 512}}},
		"one sector": {
			[]string{"genisoimage", "-quiet", "-R", "-b", "boot/loader.bin", "-c", "boot/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-eltorito-alt-boot", "-e", "boot/efi.img", "-no-emul-boot", "-boot-load-size", "1"},
			[]expected{bios, {iso.EFI, iso.NoEmulation, "boot/efi.img", 3 << 20, 512}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image.iso")
			run(t, tt.args[0], append(tt.args[1:], "-o", path, dir)...)
			image := open(t, path)
			got := image.Boot()
			if len(got) != len(tt.want) {
				t.Fatalf("%+v", got)
			}
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.want {
				b := got[i]
				content, err := os.ReadFile(filepath.Join(dir, want.file))
				if err != nil {
					t.Fatal(err)
				}
				if want.loaded == 0 {
					b.Loaded = 0 // programs differ in what they write for an EFI image
				}
				if b.Platform != want.platform || b.Emulation != want.emulation || b.Size != want.size || b.Loaded != want.loaded || !b.Bootable {
					t.Errorf("got %+v, want %+v", b, want)
				}
				if !bytes.HasPrefix(content, whole[b.Offset:b.Offset+b.Size]) {
					t.Errorf("%s is elsewhere", want.file)
				}
			}
		})
	}
}

// The images of Debian's packages are read as xorriso reads them.
func TestRealImages(t *testing.T) {
	for row, pattern := range map[string]string{
		"grub-rescue-pc": "usr/lib/grub-rescue/grub-rescue-cdrom.iso", "memtest86+": "usr/lib/memtest86+/*x64.iso",
	} {
		path, err := lab.Unpacked(row, pattern)
		if err != nil {
			t.Fatal(err)
		}
		image := open(t, path)
		dir := filepath.Join(t.TempDir(), "content")
		run(t, "xorriso", "-osirrox", "on", "-indev", path, "-extract", "/", dir)
		compare(t, image, dir)
		want := bootLines(t, path)
		var got []string
		for _, b := range image.Boot() {
			got = append(got, fmt.Sprint(map[iso.Platform]string{iso.BIOS: "BIOS", iso.EFI: "UEFI"}[b.Platform], " ", b.Offset/2048, " ", b.Loaded/512))
		}
		if !slices.Equal(want, got) || len(got) == 0 {
			t.Errorf("%s: got %q, want %q", row, got, want)
		}
		t.Logf("%s: %s, %q, %+v, %+v", filepath.Base(path), image.Format, image.Label, image.Hybrid, image.Boot())
	}
}

// bootLines are platform, block and sectors to load of each boot image, by xorriso.
func bootLines(t *testing.T, path string) (all []string) {
	t.Helper()
	out, err := exec.Command("xorriso", "-indev", path, "-report_el_torito", "plain").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "El Torito boot img :") {
			// El Torito boot img :   1  BIOS  y   none  0x0000  0x00      4          39
			all = append(all, words[6]+" "+words[len(words)-1]+" "+words[len(words)-2])
		}
	}
	return all
}

// A disc that is a disk too says so.
func TestHybrid(t *testing.T) {
	dir := bootTree(t)
	plain, hybrid := filepath.Join(t.TempDir(), "plain.iso"), filepath.Join(t.TempDir(), "hybrid.iso")
	run(t, "xorriso", "-as", "mkisofs", "-R", "-o", plain, dir)
	run(t, "xorriso", "-as", "mkisofs", "-R", "-e", "boot/efi.img", "-no-emul-boot", "-isohybrid-gpt-basdat", "-append_partition", "2", "0xef", filepath.Join(dir, "boot/efi.img"),
		"-appended_part_as_gpt", "-o", hybrid, dir)
	if h := open(t, plain).Hybrid; h.GPT || h.MBR || h.Code {
		t.Errorf("%+v", h)
	}
	if h := open(t, hybrid).Hybrid; !h.GPT || !h.MBR {
		t.Errorf("%+v", h)
	}
}

// FuzzBoot reads catalogs, and the boot images' first sectors.
func FuzzBoot(f *testing.F) {
	entry := func(b ...byte) []byte { return append(b, make([]byte, 32-len(b))...) }
	validation := entry(1, 0, 0, 0)
	validation[30], validation[31] = 0x55, 0xaa
	validation[28], validation[29] = 0xaa, 0x55
	fat := append([]byte{0xeb, 0x3c, 0x90}, make([]byte, 509)...)
	fat[12], fat[13], fat[16], fat[19], fat[21], fat[510], fat[511] = 2, 1, 2, 200, 0xf8, 0x55, 0xaa
	f.Add(bytes.Join([][]byte{validation, entry(0x88, 0, 0, 0, 0, 0, 4, 0, 19), entry(0x91, 0xef, 1), entry(0x88, 0, 0, 0, 0, 0, 0, 0, 20)}, nil), fat)
	f.Fuzz(func(t *testing.T, catalog, boot []byte) {
		b := make([]byte, 22*2048)
		copy(b[16*2048:], "\x01CD001\x01")
		b[16*2048+129] = 8
		copy(b[16*2048+156:], []byte{34, 0, 21})
		b[16*2048+156+25] = 2
		copy(b[17*2048:], "\x00CD001\x01EL TORITO SPECIFICATION")
		b[17*2048+71] = 18
		copy(b[18*2048:19*2048], catalog)
		copy(b[20*2048:], boot)
		image, err := iso.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, boot := range image.Boot() {
			if boot.Offset < 0 || boot.Size <= 0 || boot.Offset+boot.Size > int64(len(b)) {
				t.Errorf("%+v", boot)
			}
			_, _ = io.Copy(io.Discard, io.NewSectionReader(bytes.NewReader(b), boot.Offset, boot.Size))
		}
	})
}
