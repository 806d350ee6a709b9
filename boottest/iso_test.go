package boottest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// isoOf makes an image of files: contents by path, or, where a content is the path of a
// file, that. Options are xorriso's.
func (w *world) isoOf(label string, files map[string]string, options ...string) string {
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
	w.run("xorriso", slices.Concat([]string{"-as", "mkisofs", "-quiet", "-R", "-J", "-V", label, "-o", iso}, options, []string{tree})...)
	return iso
}

// liveCmdline is what live systems are told besides. Debian's dracut mounts a squashfs that is
// the root itself, and holds no image of it, with rd.live.overlay.overlayfs alone.
const liveCmdline = "console=ttyS0 no_timer_check rd.live.overlay.overlayfs=1 spur.up={{ UP }}"

// liveInit is the first process of a live system: it says what its root is.
const liveInit = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc 2>/dev/null
{
	echo "LIVE root $(grep ' / ' /proc/mounts)"
	echo "LIVE medium $(grep squashfs /proc/mounts)"
	echo "LIVE disc $(grep -E ' iso9660 | nfs ' /proc/mounts)"
	[ ! -e /large ] || echo "LIVE large $(sha256sum /large) $(grep MemTotal /proc/meminfo)"
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
	for _, name := range []string{"sh", "mount", "grep", "wget", "tr", "sed", "sha256sum", "sleep"} {
		w.check(os.Symlink("busybox", filepath.Join(root, "bin", name)))
	}
	w.check(os.WriteFile(filepath.Join(root, "sbin", "init"), []byte(liveInit), 0o755))
	squashfs := filepath.Join(dir, "filesystem.squashfs")
	w.run("mksquashfs", root, squashfs, "-quiet", "-no-progress", "-comp", "gzip")
	return squashfs
}

// A Debian live system boots out of its ISO as it is, over PXE and HTTP Boot of UEFI (over a
// BIOS in TestFamilies): Debian's live-boot fetches the root and mounts it, and the system
// that runs from it has that for its root.
func TestDebianLiveISO(t *testing.T) {
	t.Parallel()
	initrd, err := lab.LiveInitrd()
	if err != nil {
		t.Fatal(err)
	}
	for firmware, routes := range map[lab.Firmware][]string{lab.UEFI: {"uefi-x64-snponly", "ipxe-http"}, lab.UEFIHTTP: {"uefi-http"}} {
		t.Run(string(firmware), func(t *testing.T) {
			w := newWorld(t)
			iso := w.layout(w.layoutOf("debian-live"), contents{kernel: built.kernel, initrd: initrd, root: w.liveRoot()})
			spur := w.beside("boot", iso, "--cmdline", liveCmdline)
			m := w.machine("machine", firmware, lab.Port{})
			w.prints(m, spur, liveBoot...)
			w.told(spur, m, `"step":"fetch-end".*"file":"filesystem\.squashfs"`)
			w.told(spur, m, `"step":"up"`)
			w.took(spur, m, routes...)
		})
	}
}
