package boottest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// ramdiskPrograms builds Spur's RAM-disk programs, and is how Spur is told where they are.
func (w *world) ramdiskPrograms() []string {
	w.Helper()
	dir := w.TempDir()
	w.run("../scripts/ramdisk", dir)
	return []string{"--loaders", dir}
}

// fat makes a FAT file system from which an application boots as from any removable
// medium; to is a file of it, or a place in a file.
func (w *world) fat(to string, mebibytes int, name, application string) {
	w.Helper()
	w.run("mformat", "-i", to, "-F", "-T", strconv.Itoa(mebibytes<<11), "-h", "64", "-s", "32", "::")
	w.run("mmd", "-i", to, "::/EFI", "::/EFI/BOOT")
	w.run("mcopy", "-i", to, application, "::/EFI/BOOT/"+name)
}

// emptyFile is a file of that size.
func (w *world) emptyFile(name string, mebibytes int64) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), name)
	w.check(os.WriteFile(path, nil, 0o644))
	w.check(os.Truncate(path, mebibytes<<20))
	return path
}

// efiDisk makes a disk with a GPT whose EFI system partition has an application.
func (w *world) efiDisk(mebibytes int, name, application string) string {
	w.Helper()
	disk := w.emptyFile("disk.img", int64(mebibytes))
	w.sh("printf 'label: gpt\nstart=2048, type=uefi\n' | sfdisk --quiet " + disk)
	w.fat(disk+"@@1M", mebibytes-2, name, application)
	return disk
}

// efiISO makes an optical disc whose El Torito image for EFI has an application.
func (w *world) efiISO(name, application string) string {
	w.Helper()
	dir := w.TempDir()
	image, disc := w.emptyFile("efi.img", 64), filepath.Join(dir, "disc.iso")
	w.fat(image, 64, name, application)
	w.run("xorriso", "-as", "mkisofs", "-quiet", "-o", disc, "-V", "DISC", "-e", "efi.img", "-no-emul-boot", filepath.Dir(image))
	return disc
}

// stayingLinux is an application with a Linux that stays, with a shell, and knows memory
// that firmware shows as a disk.
func (w *world) stayingLinux() string {
	w.Helper()
	initrd := filepath.Join(w.TempDir(), "initrd.gz")
	w.check(lab.Initramfs(initrd, lab.InitramfsOptions{Modules: []string{"libnvdimm", "nfit", "nd_btt", "nd_pmem"}}))
	return w.applicationOf("/usr/lib/systemd/boot/efi/linuxx64.efi.stub", built.kernel, initrd, "console=ttyS0 no_timer_check spur.lab=stay")
}

// hasDisk checks that the system of a machine has the disk that it came from.
func (w *world) hasDisk(m *lab.Machine, spur *lab.Process, device, size string) {
	w.Helper()
	w.prints(m, spur, lab.Up, `SPUR-LAB-STAYS`)
	_, err := m.Write([]byte("echo disk: $(cat /sys/class/block/" + device + "/size)\n"))
	w.check(err)
	w.prints(m, spur, `(?m)^disk: `+size+`\b`)
}

// whole is what make build builds, alone in a folder of its own.
func (w *world) whole() string {
	w.Helper()
	spur := filepath.Join(w.TempDir(), "spur")
	w.run("make", "-C", "..", "build")
	w.run("cp", "../bin/spur", spur)
	return spur
}

// A disk boots on firmware that has PXE alone, by the program that is in Spur, and its
// system finds it again as persistent memory. With Secure Boot on, Spur signs the program
// with its operator's key, and the disk has one that is signed.
func TestRAMDisk(t *testing.T) {
	t.TempDir() // is removed after the world has ended, and Spur writes to it
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	signed := filepath.Join(w.TempDir(), "signed.efi")
	w.sign(w.stayingLinux(), signed)
	program := w.whole()
	w.sh(program + " loader list | grep 'RAM-disk program .* ramdiskx64.efi in this program$'")
	spur := w.serving(program, append([]string{"boot", w.efiDisk(48, "BOOTX64.EFI", signed)}, w.withKeys()...)...)
	m := w.machine("machine", lab.SnakeOil, lab.Port{})
	w.prints(m, spur, `Spur boots disk.img, 48 MiB, from 10\.77\.0\.1`, `starting EFI/BOOT/BOOTX64\.EFI of the disk`)
	w.hasDisk(m, spur, "pmem0", "98304")
	if _, err := spur.WaitFor(w.ctx, `(?m)"sub":"http".*"step":"fetch-end".*"file":"disk.img"`); err != nil {
		w.Error(err)
	}
	w.took(spur, m, "uefi-ramdisk")
}

// Without HTTP it comes by TFTP, also on machines of other architectures.
func TestRAMDiskByTFTP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware   lab.Firmware
		arch       boot.Arch // of the kernel
		stub, name string
		program    string
	}{
		{lab.ARM64, boot.ARM64, stubARM64, "linuxaa64.efi.stub", "BOOTAA64.EFI"},
		{lab.IA32, boot.X64, stubIA32, "linuxia32.efi.stub", "BOOTIA32.EFI"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			kernel, initrd, _ := w.linuxFor(tt.arch)
			stub, err := lab.Unpacked(tt.stub, "usr/lib/systemd/boot/efi/"+tt.name)
			w.check(err)
			application := w.applicationOf(stub, kernel, initrd, "no_timer_check console="+lab.SerialPort(tt.arch))
			spur := w.spur(append([]string{"boot", w.efiISO(tt.program, application), "--http-port", "0", "--https-port", "8443"}, w.ramdiskPrograms()...)...)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `not by HTTP \(none is served\); by TFTP`, `starting EFI/BOOT/`+tt.program+` of the disk`, lab.Up)
			w.took(spur, m, "uefi-ramdisk")
		})
	}
}

// byRAMDisk checks that a machine fetched its disk over HTTP and booted it.
func (w *world) byRAMDisk(m *lab.Machine, spur *lab.Process, from string) {
	w.Helper()
	w.prints(m, spur, `Spur boots disk.img, 48 MiB, from `+from, `starting EFI/BOOT/BOOTX64\.EFI of the disk`, lab.Up)
	if _, err := spur.WaitFor(w.ctx, `(?m)"sub":"http".*"step":"fetch-end".*"file":"disk.img"`); err != nil {
		w.Error(err)
	}
	w.took(spur, m, "uefi-ramdisk")
}

// uefiDisk is a disk with a Linux that comes up.
func (w *world) uefiDisk(mebibytes int) string {
	w.Helper()
	return w.efiDisk(mebibytes, "BOOTX64.EFI", w.application("console=ttyS0 no_timer_check"))
}

// Behind a router the disk comes over HTTP too: DHCP has named the router.
func TestRAMDiskBehindARouter(t *testing.T) {
	w := newWorld(t)
	far := w.farWire(homeAddr)
	spur := w.spur(append([]string{"boot", w.uefiDisk(48), "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99",
		"--pool", "10.78.0.50-10.78.0.99/24", "--router", "10.78.0.1"}, w.ramdiskPrograms()...)...)
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.UEFI, Ports: []lab.Port{{Wire: far}}})
	w.check(err)
	w.byRAMDisk(m, spur, `10\.77\.0\.1`)
}

// Over IPv6 the disk comes as over IPv4, whoever gives the address.
func TestRAMDiskOverIPv6(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements6 {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld6(t)
			spur := a.start(w, append([]string{w.uefiDisk(48)}, w.ramdiskPrograms()...)...)
			w.byRAMDisk(w.machine6(lab.UEFI, nil), spur, `fd77::1`)
		})
	}
	t.Run("behind a router", func(t *testing.T) {
		w := newWorld6(t)
		far := w.farWire6(home6Addr)
		spur := w.spur(append([]string{"boot", w.uefiDisk(48), "--dhcp", "server", "--pool", "fd77::/64", "--pool", "fd78::50-fd78::99/64"}, w.ramdiskPrograms()...)...)
		w.byRAMDisk(w.machine6On(far, lab.UEFI, nil), spur, `fd77::1`)
	})
}

// Where HTTP doesn't get through, the disk comes by TFTP, also where it has more than the
// 65,535 blocks that TFTP can number.
func TestRAMDiskWithoutTCP(t *testing.T) {
	w := newWorld6(t)
	w.foreignDHCP6()
	spur := w.spur(append([]string{"boot", w.uefiDisk(96)}, w.ramdiskPrograms()...)...)
	m, err := w.lab.Boot("machine", lab.Hardware{
		Firmware: lab.UEFI, Ports: []lab.Port{{Wire: w.wire, Filters: []lab.Filter{noTCP6{}}}},
		Args: []string{"-fw_cfg", "name=opt/org.tianocore/IPv4Support,string=n"},
	})
	w.check(err)
	w.prints(m, spur, `Spur boots disk.img, 96 MiB, from fd77::1`, `not by HTTP \(no answer in time\); by TFTP`, lab.Up)
	w.took(spur, m, "uefi-ramdisk")
}

// Firmware with HTTP Boot makes a RAM disk of an ISO by itself.
func TestHTTPBootOfADisk(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.spur("boot", w.efiISO("BOOTX64.EFI", w.stayingLinux()))
	m := w.machine("machine", lab.UEFIHTTP, lab.Port{})
	w.hasDisk(m, spur, "pmem0", `\d{6}`)
	w.took(spur, m, "uefi-http")
}

var memdisk = [2]string{"syslinux-common", "usr/lib/syslinux/memdisk"}

// floppy makes a floppy disk of 720 KiB that says how the BIOS shows it.
func (w *world) floppy() string {
	w.Helper()
	dir := w.TempDir()
	object, disk := filepath.Join(dir, "floppy.o"), filepath.Join(dir, "floppy.img")
	w.run("as", "--32", "-o", object, "floppy/floppy.s")
	w.run("ld", "-m", "elf_i386", "-e", "_start", "-Ttext=0x7c00", "--oformat", "binary", "-o", disk, object)
	w.check(os.Truncate(disk, 720<<10))
	return disk
}

// On a BIOS a disk boots by MEMDISK, which iPXE, PXELINUX and GRUB start, or as one that
// iPXE reads over HTTP.
func TestMemdisk(t *testing.T) {
	t.Parallel()
	rescue := func(name string) func(*world) string {
		return func(w *world) string {
			disk, err := lab.Unpacked("grub-rescue-pc", "usr/lib/grub-rescue/"+name)
			w.check(err)
			return disk
		}
	}
	for _, tt := range []struct {
		name   string
		disk   func(*world) string
		loader string
		files  [][2]string
		routes []string
		prints []string
	}{
		{"floppy by iPXE", (*world).floppy, "ipxe", [][2]string{memdisk}, []string{"bios-undionly", "ipxe-http"}, []string{`MEMDISK`, `floppy: drive 00, sectors 09, heads 02`}},
		{"floppy read by iPXE", (*world).floppy, "ipxe", nil, []string{"bios-undionly", "ipxe-http"}, []string{`floppy: drive 00, sectors 09, heads 02`}},
		{"floppy by GRUB", (*world).floppy, "grub", [][2]string{memdisk}, []string{"bios-grub"}, []string{`MEMDISK`, `floppy: drive 00, sectors 09, heads 02`}},
		{"GRUB's floppy by iPXE", rescue("grub-rescue-floppy.img"), "ipxe", [][2]string{memdisk}, []string{"bios-undionly", "ipxe-http"}, []string{`MEMDISK`, `GNU GRUB|grub>`}},
		{"ISO by lpxelinux", rescue("grub-rescue-cdrom.iso"), "pxelinux", [][2]string{lpxelinux, ldlinux, memdisk}, []string{"bios-lpxelinux"}, []string{`MEMDISK`, `GNU GRUB|grub>`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			line := []string{"boot", tt.disk(w), "--loader", tt.loader}
			if tt.files != nil {
				line = append(line, "--loaders", w.folderOf(tt.files...))
			}
			if tt.loader == "grub" {
				line = append(line, "--loaders", w.madeGRUB("grub-pc-bin"))
			}
			spur := w.spur(line...)
			m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
			w.prints(m, spur, tt.prints...)
			w.took(spur, m, tt.routes...)
		})
	}
}
