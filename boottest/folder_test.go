package boottest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// nbp is a program assembled from nbp/nbp.s.
type nbp struct {
	at    string   // where it runs: 0x7c00 as a ROM loads it
	load  string   // the segment to which it reads files
	chain bool     // it starts the last file
	asks  []string // the names of the files beside it
}

// assemble assembles a program into a file.
func (w *world) assemble(to string, p nbp) {
	w.Helper()
	dir := w.TempDir()
	var names strings.Builder
	for _, name := range p.asks {
		fmt.Fprintf(&names, "\t.asciz\t%q\n", name)
	}
	w.check(os.WriteFile(filepath.Join(dir, "names.inc"), []byte(names.String()), 0o644))
	object := filepath.Join(dir, "nbp.o")
	args := []string{"--32", "-I", dir, "--defsym", "LOAD=" + p.load, "-o", object}
	if p.chain {
		args = append(args, "--defsym", "CHAIN=1")
	}
	w.run("as", append(args, "nbp/nbp.s")...)
	w.run("ld", "-m", "elf_i386", "-e", "_start", "-Ttext="+p.at, "--oformat", "binary", "-o", to, object)
}

// prints waits for lines of a machine's, in this order.
func (w *world) prints(m *lab.Machine, spur *lab.Process, patterns ...string) {
	w.Helper()
	for _, pattern := range patterns {
		if _, err := m.WaitFor(w.ctx, pattern); err != nil {
			w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
		}
	}
}

// write writes files of a name each, and returns their paths.
func (w *world) write(dir string, texts map[string]string) {
	w.Helper()
	for name, text := range texts {
		w.check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
}

// A BIOS ROM loads a program of the user's own beside another DHCP server; it finds
// server and folder in the packets that the ROM has kept, and what is beside it by the
// ROM's TFTP. An iPXE loads it as such a ROM does.
func TestNBP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		port  lab.Port
		route string
	}{
		{"ROM", lab.Port{PlainROM: true}, "bios-nbp"},
		{"iPXE", lab.Port{}, "ipxe-http"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.TempDir()
			program, sibling := filepath.Join(dir, "my.nbp"), filepath.Join(dir, "sibling.txt")
			w.assemble(program, nbp{at: "0x7c00", load: "0x2000", asks: []string{"sibling.txt", "none.txt"}})
			w.write(dir, map[string]string{"sibling.txt": "I lie beside it\n" + strings.Repeat("x", 5000), "none.txt": "not named"})
			explained := w.explained()
			spur := w.beside("boot", program, sibling, "--as", "nbp")
			m := w.machine("machine", lab.BIOS, tt.port)
			w.prints(m, spur, `NBP: address 10\.77\.0\.\d+\n`, `NBP: boot server 10\.77\.0\.1, file [-_A-Za-z0-9]+/my\.nbp\n`,
				`NBP: got sibling\.txt, bytes 5016, which begins with I lie beside it\n`, `NBP: no none\.txt, status \d+\n`, `NBP: done`)
			w.told(spur, m, `"step":"fetch-end".*"file":"sibling.txt"`)
			w.took(spur, m, tt.route)
			explained(`(loader|file) my\.nbp: `, `file sibling\.txt`, `TFTP "\S+/none\.txt"`)
		})
	}
}

// Darwin on a PC by base paths, with programs in the place of Darwin's: boot1pxe cuts
// its name from the path that it was loaded by and loads boot, which does the same for
// what it needs. Option 17 is in the packet that the ROM has kept, unasked; it is no URL
// here, since iPXE, which is this ROM, would open that as a disk first.
func TestDarwinByBasePath(t *testing.T) {
	w := newWorld(t)
	dir := w.TempDir()
	w.assemble(filepath.Join(dir, "boot1pxe"), nbp{at: "0x7c00", load: "0x2000", chain: true, asks: []string{"boot"}})
	w.assemble(filepath.Join(dir, "boot"), nbp{at: "0x200", load: "0x3000", asks: []string{"com.apple.Boot.plist", "mach_kernel", "mach_kernel.mkext"}})
	w.write(dir, map[string]string{
		"com.apple.Boot.plist": "<?xml version=\"1.0\"?>\n", "mach_kernel": "a kernel\n" + strings.Repeat("k", 200000), "mach_kernel.mkext": "extensions\n",
	})
	spur := w.alone("boot", dir, "--as", "nbp", "--root-path", "10.77.0.1:/srv:root.dmg")
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	const root = `NBP: root path 10\.77\.0\.1:/srv:root\.dmg\n`
	w.prints(m, spur, root, `file [-_A-Za-z0-9]+/boot1pxe\n`, `NBP: got boot, bytes \d+`,
		root, `NBP: got com\.apple\.Boot\.plist, bytes 22, which begins with <\?xml version="1\.0"\?>\n`,
		`NBP: got mach_kernel, bytes 200009`, `NBP: got mach_kernel\.mkext, bytes 11`, `NBP: done`)
	w.took(spur, m, "bios-nbp")
}

// debianNetboot is Debian's tree for network boots, as its package has it.
func (w *world) debianNetboot() string {
	w.Helper()
	tree, err := lab.Unpacked("debian-installer-12-netboot-amd64", "usr/lib/debian-installer/images/12/amd64/text")
	w.check(err)
	return tree
}

// Debian's tree boots unchanged: by its own PXELINUX on a BIOS, by its own shim and
// GRUB on UEFI with Secure Boot on. Each loads its menu, whose background is the last
// of it, and the installer once somebody has chosen that; both draw on a screen only.
func TestDebianNetboot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware   lab.Firmware
		port       lab.Port
		loader     string // what it says by the serial port
		background string
		route      string
	}{
		{lab.BIOS, lab.Port{PlainROM: true}, `PXELINUX 6\.04 PXE`, `debian-installer/amd64/boot-screens/splash\.png`, "bios-nbp"},
		{lab.SecureBoot, lab.Port{}, `Welcome to GRUB!`, `splash\.png`, "uefi-tftp"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			spur := w.alone("boot", w.debianNetboot())
			m := w.machine("machine", tt.firmware, tt.port)
			w.prints(m, spur, tt.loader)
			w.told(spur, m, `"step":"fetch-end".*"file":"`+tt.background+`"`)
			w.pressUntil(m, spur, "ret", `"step":"fetch-end".*"file":"debian-installer/amd64/linux","role":"kernel"`)
			w.told(spur, m, `"step":"fetch-end".*"file":"debian-installer/amd64/initrd.gz"`)
			w.took(spur, m, tt.route)
			if verdicts := regexp.MustCompile(`"cause":"[^"]+"`).FindAllString(spur.String(), -1); len(verdicts) > 0 {
				w.Errorf("the story has the verdicts %v", verdicts)
			}
		})
	}
}

// A folder that has a configuration but no loader is followed by the one of Spur's host
// that is for the machine.
func TestConfiguredFolder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		route    string
		firmware lab.Firmware
		port     lab.Port
		files    [][2]string
	}{
		{"bios-pxelinux", lab.BIOS, lab.Port{PlainROM: true}, [][2]string{pxelinux, ldlinux}},
		{"uefi-x64-syslinux", lab.UEFI, lab.Port{}, [][2]string{syslinux64, ldlinux64}},
	} {
		t.Run(tt.route, func(t *testing.T) {
			w := newWorld(t)
			dir := w.TempDir()
			w.check(os.MkdirAll(filepath.Join(dir, "pxelinux.cfg"), 0o755))
			w.check(os.Symlink("pxelinux.cfg/mine", filepath.Join(dir, "x.cfg")))
			w.run("cp", built.kernel, filepath.Join(dir, "vmlinuz"))
			w.run("cp", built.initrd, filepath.Join(dir, "initrd"))
			w.write(filepath.Join(dir, "pxelinux.cfg"), map[string]string{
				"default": "include x.cfg\n", "mine": "default a\nlabel a\n kernel vmlinuz\n append initrd=initrd console=ttyS0 no_timer_check mine\n",
			})
			spur := w.beside("boot", dir, "--loaders", w.folderOf(tt.files...))
			m := w.machine("machine", tt.firmware, tt.port)
			at, err := m.WaitFor(w.ctx, lab.Up)
			if err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			if !strings.Contains(at.Groups[0], "no_timer_check mine") {
				w.Errorf("the command line is %q", at.Groups[0])
			}
			w.took(spur, m, tt.route)
		})
	}
}

// pressUntil presses a key of a machine again and again, until Spur has told something
// of it: a menu that is being drawn may miss the first.
func (w *world) pressUntil(m *lab.Machine, spur *lab.Process, key, pattern string) {
	w.Helper()
	for {
		w.check(m.SendKey(w.ctx, key))
		ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
		_, err := spur.WaitFor(ctx, `(?m)^.*`+pattern+`.*$`)
		cancel()
		if err == nil {
			return
		}
		if w.ctx.Err() != nil {
			w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
		}
	}
}
