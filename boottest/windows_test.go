package boottest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// wimboots builds stand-ins for wimboot, which Debian hasn't: programs that say what they
// were given, as wimboot finds it, on a BIOS and on UEFI. Each is in a folder of its own.
func (w *world) wimboots() map[lab.Firmware]string {
	w.Helper()
	bios, uefi := w.TempDir(), w.TempDir()
	in := func(name string) string { return filepath.Join(bios, name) }
	w.run("as", "--32", "-o", in("prefix.o"), "wimboot/prefix.s")
	w.run("as", "--32", "-o", in("entry.o"), "wimboot/entry.s")
	w.run("objcopy", "-O", "binary", "-j", ".text", in("prefix.o"), in("prefix"))
	w.run("clang", "-target", "i386-unknown-none-elf", "-O1", "-ffreestanding", "-fno-pic", "-c", "-o", in("bios.o"), "wimboot/bios.c")
	w.run("ld", "-m", "elf_i386", "-Ttext", "0x100000", "-e", "entry", "--oformat", "binary", "-o", in("code"), in("entry.o"), in("bios.o"))
	w.sh("cat " + in("prefix") + " " + in("code") + " > " + in("wimboot"))
	w.run("clang", "-target", "x86_64-unknown-windows", "-std=c11", "-O1", "-ffreestanding", "-fshort-wchar", "-mno-stack-arg-probe", "-nostdlib", "-fuse-ld=lld",
		"-Wl,-entry:EfiMain", "-Wl,-subsystem:efi_application", "-o", filepath.Join(uefi, "wimboot"), "wimboot/uefi.c", "../loader/ramdisk/guids.c")
	return map[lab.Firmware]string{lab.BIOS: bios, lab.UEFI: uefi}
}

// windowsMedium makes the files of a medium with Windows, with an image by wimlib that has
// nothing of what boots it inside.
func (w *world) windowsMedium() string {
	w.Helper()
	dir, tree := w.TempDir(), w.TempDir()
	for _, folder := range []string{"boot", "efi/boot", "efi/microsoft/boot", "sources"} {
		w.check(os.MkdirAll(filepath.Join(dir, folder), 0o755))
	}
	w.write(dir, map[string]string{
		"bootmgr": "the boot manager", "bootmgr.efi": "", "boot/bcd": "what a BIOS boots", "boot/boot.sdi": "a RAM disk",
		"efi/boot/bootx64.efi": "the boot manager for UEFI", "efi/microsoft/boot/bcd": "what UEFI boots",
	})
	w.check(os.WriteFile(filepath.Join(tree, "large"), bytes.Repeat([]byte("0123456789abcdef"), 50_000), 0o644))
	w.run("wimlib-imagex", "capture", tree, filepath.Join(dir, "sources/boot.wim"), "Windows PE", "--boot", "--compress=none", "--image-property", "WINDOWS/ARCH=9")
	return dir
}

// shown is how a stand-in for wimboot tells of a file.
func (w *world) shown(name, path string) string {
	w.Helper()
	content, err := os.ReadFile(path)
	w.check(err)
	return fmt.Sprintf(`file \[%s\] %08x %08x`, regexp.QuoteMeta(name), len(content), crc32.ChecksumIEEE(content))
}

// wimboot is started by iPXE, and has every file under the name that it knows it by, byte
// for byte: out of the ISO of a medium with the files named behind it, or beside boot.wim.
// That it starts Windows then can't be shown without either.
func TestWindows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		image    func(w *world, medium string) string
		routes   []string
		files    map[string]string // by wimboot's names
	}{
		{
			"ISO on a BIOS", lab.BIOS, func(w *world, medium string) string {
				disc := filepath.Join(w.TempDir(), "windows.iso")
				w.run("genisoimage", "-quiet", "-udf", "-V", "CCCOMA_X64FRE", "-o", disc, medium)
				return disc
			}, []string{"bios-undionly", "ipxe-http"},
			map[string]string{"bootmgr": "bootmgr", "bcd": "boot/bcd", "boot.sdi": "boot/boot.sdi", "boot.wim": "sources/boot.wim"},
		},
		{
			"boot.wim on UEFI", lab.UEFI, func(_ *world, medium string) string { return filepath.Join(medium, "sources/boot.wim") },
			[]string{"uefi-x64-snponly", "ipxe-http"},
			map[string]string{"bootx64.efi": "efi/boot/bootx64.efi", "bcd": "efi/microsoft/boot/bcd", "boot.sdi": "boot/boot.sdi", "boot.wim": "sources/boot.wim"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			medium, beside := w.windowsMedium(), w.TempDir()
			w.write(beside, map[string]string{"winpeshl.ini": "[LaunchApps]\r\n"})
			extra := filepath.Join(beside, "winpeshl.ini")
			spur := w.beside("boot", tt.image(w, medium), extra, "--cmdline", "gui index=1", "--loaders", w.wimboots()[tt.firmware])
			m := w.machine("machine", tt.firmware, lab.Port{PlainROM: tt.firmware == lab.BIOS})
			w.prints(m, spur, `wimboot v2\.8\.0 -- Windows`, `arguments \[(wimboot )?gui index=1\]`, `that is all`)
			for name, path := range tt.files {
				w.prints(m, spur, w.shown(name, filepath.Join(medium, path)))
			}
			w.prints(m, spur, w.shown("winpeshl.ini", extra))
			w.told(spur, m, `"step":"fetch-end".*"file":"boot.wim"`)
			w.took(spur, m, tt.routes...)
		})
	}
}
