package boottest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// grubDisk is an image of a disk without a program for firmware: a GRUB's configuration,
// and a kernel and an initrd that this names.
func (w *world) grubDisk() string {
	w.Helper()
	dir, disk := w.TempDir(), w.emptyFile("system.img", 32)
	w.write(dir, map[string]string{"grub.cfg": `insmod part_msdos
set timeout=0
menuentry "a system" {
	search --no-floppy --set=root --file /boot/grub/grub.cfg
	linux /boot/vmlinuz console=ttyS0 no_timer_check spur.on=$root
	initrd /boot/initrd.gz
}
`})
	w.sh("printf 'label: dos\nstart=2048, type=c\n' | sfdisk --quiet " + disk)
	at := disk + "@@1M"
	w.run("mformat", "-i", at, "-T", "63488", "-h", "64", "-s", "32", "::")
	w.run("mmd", "-i", at, "::/boot", "::/boot/grub")
	w.run("mcopy", "-i", at, filepath.Join(dir, "grub.cfg"), "::/boot/grub/grub.cfg")
	w.run("mcopy", "-i", at, built.kernel, "::/boot/vmlinuz")
	w.run("mcopy", "-i", at, built.initrd, "::/boot/initrd.gz")
	image := filepath.Join(dir, "system.qcow2")
	w.run("qemu-img", "convert", "-O", "qcow2", disk, image)
	return image
}

// A disk whose system GRUB starts boots over PXE, without a program that makes a RAM disk
// of it, by a GRUB that Spur puts it into: that follows the configuration on it.
func TestGRUBMemdisk(t *testing.T) {
	w := newWorld(t)
	explained := w.explained()
	spur := w.alone("boot", w.grubDisk(), "--loaders", w.madeGRUB("grub-efi-amd64-bin"))
	m := w.machine("machine", lab.UEFI, lab.Port{})
	at, err := m.WaitFor(w.ctx, lab.Up)
	if err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	if line := at.Groups[0]; !strings.Contains(line, "spur.on=memdisk,msdos1") {
		w.Errorf("the kernel's command line is %q", line)
	}
	w.took(spur, m, "uefi-grub")
	explained(`grub\.efi\S*: \d+ MiB in`, `script grub\.cfg`, `as far as can be seen, all went well`)
}
