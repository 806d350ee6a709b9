package boottest

import (
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// grubDisk is an image of a disk without a program for firmware: a GRUB's configuration,
// and a kernel and an initrd that this names.
func (w *world) grubDisk(arch boot.Arch) string {
	w.Helper()
	kernel, initrd, _ := w.linuxFor(arch)
	dir, disk := w.TempDir(), w.emptyFile("system.img", 64)
	w.write(dir, map[string]string{"grub.cfg": `insmod part_msdos
set timeout=0
menuentry "a system" {
	search --no-floppy --set=root --file /boot/grub/grub.cfg
	linux /boot/vmlinuz console=` + lab.SerialPort(arch) + ` no_timer_check spur.on=$root
	initrd /boot/initrd.gz
}
`})
	w.sh("printf 'label: dos\nstart=2048, type=c\n' | sfdisk --quiet " + disk)
	at := disk + "@@1M"
	w.run("mformat", "-i", at, "-T", "129024", "-h", "64", "-s", "32", "::")
	w.run("mmd", "-i", at, "::/boot", "::/boot/grub")
	w.run("mcopy", "-i", at, filepath.Join(dir, "grub.cfg"), "::/boot/grub/grub.cfg")
	w.run("mcopy", "-i", at, kernel, "::/boot/vmlinuz")
	w.run("mcopy", "-i", at, initrd, "::/boot/initrd.gz")
	image := filepath.Join(dir, "system.qcow2")
	w.run("qemu-img", "convert", "-O", "qcow2", disk, image)
	return image
}

// A disk whose system GRUB starts boots over PXE, without a program that makes a RAM disk
// of it, by a GRUB that Spur puts it into: that follows the configuration on it.
func TestGRUBMemdisk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		firmware lab.Firmware
		arch     boot.Arch
		modules  string // the row of scripts/install with GRUB's
	}{
		{lab.UEFI, boot.X64, "grub-efi-amd64-bin"},
		{lab.ARM64, boot.ARM64, "grub-efi-arm64-bin:arm64"},
	} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			explained := w.explained()
			spur := w.alone("boot", w.grubDisk(tt.arch), "--loaders", w.madeGRUB(tt.modules))
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*spur\.on=memdisk,msdos1`)
			w.took(spur, m, "uefi-grub")
			explained(`grub\.efi\S*: \d+ MiB in`, `script grub\.cfg`, `as far as can be seen, all went well`)
		})
	}
}
