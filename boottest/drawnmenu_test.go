package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// diskSays is what the disk of localDisk prints when it is booted.
const diskSays = "the local disk boots"

// localDisk is a disk that says so on the serial line when it is booted: on a BIOS by
// its first sector, on UEFI by a GRUB of Debian's.
func (w *world) localDisk() []string {
	w.Helper()
	dir := w.TempDir()
	// Real mode: each byte of the text goes to COM1 once that is ready, then it halts. No
	// interrupt comes between: at one SeaBIOS writes there what it has shown last.
	sector := append([]byte{
		0xeb, 0x58, 0x90, // over the parameters of the file system
	}, make([]byte, 0x57)...)
	sector = append(sector,
		0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x80, 0x7c, // ds=0, si=text
		0xac, 0x84, 0xc0, 0x74, 0x11, 0x88, 0xc4, // next byte; the last is 0
		0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb, // wait for the port
		0x88, 0xe0, 0xb2, 0xf8, 0xee, 0xeb, 0xea,
		0xf4, 0xeb, 0xfd,
	)
	sector = append(sector, make([]byte, 512-len(sector))...)
	copy(sector[0x80:], "\r\n"+diskSays+"\r\n\x00")
	sector[510], sector[511] = 0x55, 0xaa
	grub, err := lab.Unpacked("grub-efi-amd64-bin", "usr/lib/grub/x86_64-efi/monolithic/grubx64.efi")
	w.check(err)
	w.check(os.WriteFile(filepath.Join(dir, "sector"), sector, 0o644))
	w.write(dir, map[string]string{"grub.cfg": "echo '" + diskSays + "'\nsleep 1000\n"})
	image := filepath.Join(dir, "disk.img")
	w.run("mformat", "-C", "-F", "-T", "81920", "-h", "16", "-s", "63", "-B", filepath.Join(dir, "sector"), "-i", image, "::")
	w.run("mmd", "-i", image, "::EFI", "::EFI/BOOT", "::EFI/debian")
	w.run("mcopy", "-i", image, grub, "::EFI/BOOT/BOOTX64.EFI")
	w.run("mcopy", "-i", image, filepath.Join(dir, "grub.cfg"), "::EFI/debian/grub.cfg")
	return []string{"-drive", "file=" + image + ",format=raw,if=none,id=disk", "-global", "virtio-net-pci.bootindex=1", "-device", "virtio-blk-pci,drive=disk,bootindex=2"}
}

// withDisk builds a machine that has such a disk, behind the network in its order of boot
// devices.
func (w *world) withDisk(f lab.Firmware, port lab.Port) *lab.Machine {
	w.Helper()
	port.Wire = w.wire
	args := w.localDisk()
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: f, Ports: []lab.Port{port}, Args: args})
	w.check(err)
	return m
}

// targets is a folder of targets with nothing in it that boots.
func (w *world) targets() string {
	w.Helper()
	dir := w.TempDir()
	w.check(os.Chmod(dir, 0o755))
	w.check(os.Mkdir(filepath.Join(dir, "linux"), 0o755))
	w.write(dir, map[string]string{"README": "no target"})
	return dir
}

// addKernel puts the kernel into a folder of targets, with an initrd and a command line
// beside it.
func (w *world) addKernel(dir, name, more string) {
	w.Helper()
	var initrds []byte
	for _, from := range []string{built.initrd, built.extra1, built.extra2} {
		content, err := os.ReadFile(from)
		w.check(err)
		initrds = append(initrds, content...)
	}
	w.check(os.WriteFile(filepath.Join(dir, name+".initrd"), initrds, 0o644))
	note := filepath.Join(dir, "note.txt")
	w.write(dir, map[string]string{"note.txt": "a note", name + ".cmdline": strings.Replace(cmdline, "NOTE", note, 1) + " " + more})
	kernel, err := os.ReadFile(built.kernel)
	w.check(err)
	w.check(os.WriteFile(filepath.Join(dir, name), kernel, 0o644))
}

// What iPXE draws: an item that a BIOS can't boot is counted and not shown, and one that
// came into the folder once Spur ran is chosen by keys from the menu of its folder. It asks
// for its password until that is the right one.
func TestDrawnMenuByIPXE(t *testing.T) {
	w := newWorld(t)
	dir := w.targets()
	uki, err := lab.Unpacked("grub-efi-amd64-bin", "usr/lib/grub/x86_64-efi/monolithic/grubx64.efi")
	w.check(err)
	passwords := filepath.Join(w.TempDir(), "passwords")
	w.check(os.WriteFile(passwords, []byte("Linux/linux/* $argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$TnDEl2tJgYtaYZt0/5f59Jf56vkIG4EtQACv6SLO2cI\n"), 0o600))
	spur := w.beside("boot", "Shell="+uki, "Linux="+dir, "local", "--menu", "--menu-timeout", "255", "--menu-prompt", "Spur's menu", "--menu-default", "Local disk", "--menu-password", passwords)
	w.addKernel(filepath.Join(dir, "linux"), "Second", "item=second")
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.choose(m, `1 of 3 can't boot here: Shell`)
	w.screenshot(m, "ipxe")
	w.check(m.SendKey(w.ctx, "l"))
	at := m.Serial().Mark()
	for _, keys := range [][]string{{"ret", "n", "o", "ret"}, {"ret", "s", "e", "c", "r", "e", "t", "ret"}} {
		at = w.chooseAfter(m, at, `\[l\] linux`, "l")
		at = w.chooseAfter(m, at, `\[s\] Second`, "s")
		at = w.chooseAfter(m, at, `Password:`, keys...)
		if len(keys) < 8 { // the menu appears again
			at = w.chooseAfter(m, at, `\[l\] Linux`, "l")
		}
	}
	w.up(m, spur)
	w.prints(m, spur, `Permission denied`)
	w.toldThat(spur, `it shows a menu and waits for a person`)
	up, err := m.WaitFor(w.ctx, lab.Up)
	w.check(err)
	if !strings.Contains(up.Groups[0], " item=second") {
		t.Errorf("it booted with %q", up.Groups[0])
	}
}

// GRUB and PXELINUX draw the same, each in its way, on machines whose loader was asked
// for; which makes no difference to what boots.
func TestDrawnMenuByOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		loader   string
		folder   func(*world) string
		last     string
		keys     []string
	}{
		{"PXELINUX", lab.BIOS, "pxelinux", func(w *world) string { return w.folderOf(lpxelinux, ldlinux) }, "Type a number and press Enter", []string{"3", "ret"}},
		{"GRUB on UEFI", lab.UEFI, "grub", func(w *world) string { return w.grubFolder("grub-efi-amd64-unsigned/trixie") }, `\[l\] Linux`, []string{"l"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			dir := w.targets()
			w.addKernel(filepath.Join(dir, "linux"), "Second", "item=second")
			spur := w.beside("boot", "First="+built.kernel, "local", "Linux="+dir, "--menu", "--menu-timeout", "255", "--menu-default", "Local disk", "--loader", tt.loader, "--loaders", tt.folder(w))
			m := w.machine("machine", tt.firmware, lab.Port{PlainROM: tt.firmware == lab.BIOS})
			w.choose(m, tt.last, tt.keys...)
			if tt.loader == "grub" {
				w.choose(m, `\[l\] linux`, "l")
				w.choose(m, `\[s\] Second`, "ret")
			}
			w.up(m, spur)
			w.toldThat(spur, `it shows a menu and waits for a person`)
			up, err := m.WaitFor(w.ctx, lab.Up)
			w.check(err)
			if !strings.Contains(up.Groups[0], " item=second") {
				t.Errorf("it booted with %q", up.Groups[0])
			}
		})
	}
}

// chooseAfter is choose, but what was shown before a place doesn't count.
func (w *world) chooseAfter(m *lab.Machine, place int64, last string, keys ...string) int64 {
	w.Helper()
	at, err := m.Serial().WaitAfter(w.ctx, place, last)
	w.check(err)
	for _, k := range keys {
		w.check(m.SendKey(w.ctx, k))
	}
	return at.End
}

// toldThat waits until Spur has said something.
func (w *world) toldThat(spur *lab.Process, pattern string) {
	w.Helper()
	_, err := spur.WaitFor(w.ctx, pattern)
	w.check(err)
}

// screenshot keeps what a machine shows, where that is asked for.
func (w *world) screenshot(m *lab.Machine, name string) {
	w.Helper()
	if dir := os.Getenv("SPUR_TEST_KEEP"); dir != "" {
		_, err := m.Screenshot(w.ctx, filepath.Join(dir, name+".png"))
		w.check(err)
	}
}

// nextOption is what UEFI firmware prints when it goes on to its next boot option, which
// here is to boot over IPv6; its disk comes minutes later, after all that is a network.
const nextOption = `>>Start PXE over IPv6`

// Machines are left to their disks: by firmware's own menu at once, and by loaders once a
// menu's time is over.
func TestLocalBoot(t *testing.T) {
	t.Parallel()
	menu := []string{"First=" + built.kernel, "local", "--menu", "--menu-default", "Local disk", "--menu-timeout", "1"}
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		args     []string
		told     string
		says     string // the machine
	}{
		{"BIOS", lab.BIOS, []string{"local"}, `"cause":"left-by-menu"`, diskSays},
		{"UEFI", lab.UEFI, []string{"local"}, `"step":"offered"`, nextOption},
		{"iPXE on a BIOS", lab.BIOS, menu, `it leaves the machine to its own disk`, diskSays},
		{"iPXE on UEFI", lab.UEFI, menu, `it leaves the machine to its own disk`, nextOption},
		{"PXELINUX", lab.BIOS, append([]string{"--loader", "pxelinux", "--loaders", "PXELINUX"}, menu...), `it leaves the machine to its own disk`, diskSays},
		{"GRUB on a BIOS", lab.BIOS, append([]string{"--loader", "grub", "--loaders", "GRUB on a BIOS"}, menu...), `it leaves the machine to its own disk`, diskSays},
		{"GRUB on UEFI", lab.UEFI, append([]string{"--loader", "grub", "--loaders", "GRUB"}, menu...), `it leaves the machine to its own disk`, diskSays},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			args := append([]string{"boot"}, tt.args...)
			for i, arg := range args {
				switch arg {
				case "PXELINUX":
					args[i] = w.folderOf(lpxelinux, ldlinux)
				case "GRUB on a BIOS":
					args[i] = w.madeGRUB("grub-pc-bin")
				case "GRUB":
					args[i] = w.grubFolder("grub-efi-amd64-unsigned/trixie")
				}
			}
			spur := w.beside(args...)
			m := w.withDisk(tt.firmware, lab.Port{PlainROM: tt.firmware == lab.BIOS})
			w.prints(m, spur, tt.says)
			w.toldThat(spur, tt.told)
		})
	}
}
