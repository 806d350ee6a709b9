package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// isoOf makes an image of files: contents by path, or, where a content is the path of a
// file, that.
func (w *world) isoOf(label string, files map[string]string) string {
	w.Helper()
	dir := w.TempDir()
	tree := filepath.Join(dir, "tree")
	for name, content := range files {
		b := []byte(content)
		if strings.HasPrefix(content, "/") {
			var err error
			b, err = os.ReadFile(content)
			w.check(err)
		}
		path := filepath.Join(tree, name)
		w.check(os.MkdirAll(filepath.Dir(path), 0o755))
		w.check(os.WriteFile(path, b, 0o644))
	}
	iso := filepath.Join(dir, "medium.iso")
	w.run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", label, "-o", iso, tree)
	return iso
}

// liveInit is the first process of a live system: it says what its root is.
const liveInit = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc 2>/dev/null
{
	echo "LIVE root $(grep ' / ' /proc/mounts)"
	echo "LIVE medium $(grep squashfs /proc/mounts)"
	wget -q -O - "$(tr ' ' '\n' </proc/cmdline | sed -n 's/^spur.up=//p')"
} >/dev/ttyS0 2>&1
while :; do sleep 1; done
`

// liveRoot makes the root of a live system, which is busybox and its init.
func (w *world) liveRoot() string {
	w.Helper()
	dir := w.TempDir()
	root := filepath.Join(dir, "root")
	for _, name := range []string{"bin", "sbin", "dev", "proc", "sys", "run", "tmp", "etc/network", "root", "lib/live", "var/lib"} {
		w.check(os.MkdirAll(filepath.Join(root, name), 0o755))
	}
	busybox, err := os.ReadFile("/bin/busybox")
	w.check(err)
	w.check(os.WriteFile(filepath.Join(root, "bin", "busybox"), busybox, 0o755))
	for _, name := range []string{"sh", "mount", "grep", "wget", "tr", "sed", "sleep"} {
		w.check(os.Symlink("busybox", filepath.Join(root, "bin", name)))
	}
	w.check(os.WriteFile(filepath.Join(root, "sbin", "init"), []byte(liveInit), 0o755))
	squashfs := filepath.Join(dir, "filesystem.squashfs")
	w.run("mksquashfs", root, squashfs, "-quiet", "-no-progress", "-comp", "gzip")
	return squashfs
}

// A Debian live system boots out of its ISO as it is: Debian's live-boot fetches the root
// and mounts it, and the system that runs from it has that for its root.
func TestDebianLiveISO(t *testing.T) {
	t.Parallel()
	initrd, err := lab.LiveInitrd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		firmware lab.Firmware
		route    string
	}{{lab.BIOS, "ipxe-http"}, {lab.UEFIHTTP, "uefi-http"}} {
		t.Run(string(tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			iso := w.isoOf("d-live 12 test", map[string]string{
				".disk/info": "Debian GNU/Linux Live 12\n", "live/vmlinuz": built.kernel, "live/initrd.img": initrd, "live/filesystem.squashfs": w.liveRoot(),
				"isolinux/isolinux.cfg": "include menu.cfg\ndefault vesamenu.c32\n",
				"isolinux/menu.cfg": "label live\n\tmenu label ^Live system\n\tmenu default\n\tlinux /live/vmlinuz\n\tinitrd /live/initrd.img\n" +
					"\tappend boot=live components findiso=${iso_path}\n",
			})
			spur := w.beside("boot", iso, "--cmdline", "console=ttyS0 no_timer_check spur.up={{ UP }}")
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, `LIVE root overlay / overlay \S*lowerdir=\S*filesystem\.squashfs`, `LIVE medium /dev/loop\d+ \S+/filesystem\.squashfs squashfs ro`)
			w.told(spur, m, `"step":"fetch-end".*"file":"filesystem.squashfs"`)
			w.told(spur, m, `"step":"up"`)
			w.took(spur, m, tt.route)
		})
	}
}

// What a system is told to fetch is there: the files of the image below one URL, one of
// them, and the whole image, as the initramfs of Alpine and casper fetch them.
func TestURLsOfISO(t *testing.T) {
	t.Parallel()
	menu := func(kernel, args, initrd string) string {
		return "set default=0\nmenuentry \"System\" {\n linux " + kernel + " " + args + "\n initrd " + initrd + "\n}\n"
	}
	for _, tt := range []struct {
		name, label string
		files       map[string]string
		cmdline     string
		fetch       string // by the machine, of the argument in $w
		prints      string
	}{
		{
			"Alpine", "alpine-std 3.19", map[string]string{
				"apks/.boot_repository": "", "apks/x86_64/APKINDEX.tar.gz": "the index\n", "boot/modloop-virt": "the modules\n", "boot/vmlinuz-virt": built.kernel, "boot/initramfs-virt": built.initrd,
				"boot/grub/grub.cfg": menu("/boot/vmlinuz-virt", "modules=loop,squashfs", "/boot/initramfs-virt"),
			},
			`modules=loop,squashfs ip=dhcp alpine_repo=http://10\.77\.0\.1/\S+/apks modloop=http://10\.77\.0\.1/\S+/modloop-virt console=`,
			`alpine_repo=*) wget -q -O - ${w#*=}/x86_64/APKINDEX.tar.gz;; modloop=*) wget -q -O - ${w#*=};;`, `the index\r?\nthe modules`,
		},
		{
			"casper", "Ubuntu-Server 24.04", map[string]string{
				".disk/info": "Ubuntu-Server 24.04\n", "casper/minimal.squashfs": "hsqs", "casper/vmlinuz": built.kernel, "casper/initrd": built.initrd,
				"boot/grub/grub.cfg": menu("/casper/vmlinuz", "iso-scan/filename=${iso_path} ---", "/casper/initrd"),
			},
			`cloud-config-url=/dev/null ip=dhcp netboot=url url=http://10\.77\.0\.1/\S+/medium\.iso --- console=`,
			`url=*) wget -q -O - ${w#*=} | dd bs=1 skip=32769 count=5 2>/dev/null; echo;;`, `CD001`,
		},
		{
			"Proxmox", "PVE", map[string]string{
				"pve-installer.squashfs": "hsqs", "boot/linux26": built.kernel, "boot/initrd.img": built.initrd,
				"boot/grub/grub.cfg": menu("/boot/linux26", "ro quiet", "/boot/initrd.img"),
			},
			`ro quiet console=`, `ro) dd if=/proxmox.iso bs=1 skip=32769 count=5 2>/dev/null; echo;;`, `CD001`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			spur := w.beside("boot", w.isoOf(tt.label, tt.files), "--cmdline", "console=ttyS0 no_timer_check spur.lab=stay spur.up={{ UP }}")
			m := w.machine("machine", lab.BIOS, lab.Port{})
			w.prints(m, spur, `SPUR-LAB-UP cmdline=\[.*`+tt.cmdline, `SPUR-LAB-STAYS`)
			_, err := m.Write([]byte("for w in $(cat /proc/cmdline); do case $w in " + tt.fetch + " esac; done\n"))
			w.check(err)
			w.prints(m, spur, tt.prints)
			w.told(spur, m, `"step":"up"`)
		})
	}
}
