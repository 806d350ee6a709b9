package boottest

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// A system mounts its image over the network, from Spur, as its own software does, and runs
// from there: what it has for its disc is the network's.
func TestMountedRoots(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		family, root string
		initrd       func() (string, error)
		firmware     lab.Firmware
		url          bool // the image is at a URL
		disc         string
		runs         string
		routes       []string
	}{
		{"dracut-live", "nbd", lab.DracutInitrd, lab.BIOS, false, `/dev/nbd0 \S+ iso9660 ro`, dracut[0], []string{"ipxe-http"}},
		{"dracut-live", "nbd", lab.DracutInitrd, lab.UEFIHTTP, true, `/dev/nbd0 \S+ iso9660 ro`, dracut[0], []string{"uefi-http"}},
		{"dracut-live", "iscsi", lab.DracutInitrd, lab.UEFI, false, `/dev/sda \S+ iso9660 ro`, dracut[0], []string{"uefi-x64-snponly", "ipxe-http"}},
		{"debian-live", "nfs", lab.LiveInitrd, lab.BIOS, false, `10\.77\.0\.1:/\w+ \S+ nfs ro,.*vers=3`, liveBoot[0], []string{"ipxe-http"}},
		{"debian-live", "nfs", lab.LiveInitrd, lab.UEFI, true, `10\.77\.0\.1:/\w+ \S+ nfs ro,.*vers=3`, liveBoot[0], []string{"uefi-x64-snponly", "ipxe-http"}},
	} {
		t.Run(fmt.Sprintf("%s over %s, %s", tt.family, tt.root, tt.firmware), func(t *testing.T) {
			w := newWorld(t)
			initrd, err := tt.initrd()
			w.check(err)
			iso := w.layout(w.layoutOf(tt.family), contents{kernel: built.kernel, initrd: initrd, root: w.liveRoot()})
			other := w.otherHost("other", dhcpAddr)
			w.foreignDHCP(other)
			if tt.url {
				w.apiServer(other, http.FileServer(http.Dir("/")).ServeHTTP)
				iso = "http://" + dhcpAddr + ":8000" + iso
			}
			spur := w.spur("boot", iso, "--root", tt.root, "--cmdline", liveCmdline)
			m := w.machine("machine", tt.firmware, lab.Port{})
			w.prints(m, spur, tt.runs, `LIVE disc `+tt.disc)
			w.told(spur, m, `"step":"mounted".*"file":"medium\.iso"`)
			w.told(spur, m, `"step":"up"`)
			w.took(spur, m, tt.routes...)
		})
	}
}

// A machine with less memory than its system is large boots it, and reads all of it: Debian's
// live-boot mounts the image over iSCSI, as a row of a file of machines says.
func TestRootLargerThanMemory(t *testing.T) {
	w := newWorld(t)
	initrd, err := lab.LiveInitrd()
	w.check(err)
	root, sum := w.liveRoot(), w.addLarge(largeFile)
	w.run("mksquashfs", sum.path, root, "-quiet", "-no-progress", "-noD", "-noF")
	iso := w.layout(w.layoutOf("debian-live"), contents{kernel: built.kernel, initrd: initrd, root: root})
	machines := filepath.Join(w.TempDir(), "machines.yaml")
	w.check(os.WriteFile(machines, fmt.Appendf(nil, "machines:\n  - mac: \"*\"\n    boot: %s\n    root: iscsi\n    cmdline: %q\n", iso, liveCmdline), 0o644))
	spur := w.beside("boot", "--machines", machines)
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.BIOS, Memory: 320, Ports: []lab.Port{{Wire: w.wire}}})
	w.check(err)
	w.prints(m, spur, liveBoot[0], `LIVE disc /dev/sda \S+ iso9660 ro`)
	at, err := m.WaitFor(w.ctx, `LIVE large ([0-9a-f]{64})  /large MemTotal: +(\d+) kB`)
	w.check(err)
	memory, err := strconv.Atoi(at.Groups[1])
	w.check(err)
	if at.Groups[0] != sum.sha256 || memory<<10 >= largeFile {
		t.Errorf("it read %s with %d KiB of memory, and not %s of %d bytes", at.Groups[0], memory, sum.sha256, largeFile)
	}
	w.told(spur, m, `"step":"mounted".*"file":"medium\.iso"`)
	w.told(spur, m, `"step":"up"`)
}

// largeFile is the size of what is read on a machine with less memory, in bytes.
const largeFile = 384 << 20

// large is a file that no compression makes smaller.
type large struct{ path, sha256 string }

// addLarge writes one.
func (w *world) addLarge(size int64) large {
	w.Helper()
	path := filepath.Join(w.TempDir(), "large")
	f, err := os.Create(path)
	w.check(err)
	hash := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, hash), rand.Reader, size)
	w.check(err)
	w.check(f.Close())
	return large{path, fmt.Sprintf("%x", hash.Sum(nil))}
}

// An initrd that does what archiso's hook archiso_pxe_nbd does mounts the image over NBD by
// what the command line says, of an image that lies in a folder.
func TestArchisoNBD(t *testing.T) {
	w := newWorld(t)
	initrd := filepath.Join(w.TempDir(), "initrd.gz")
	w.check(lab.Initramfs(initrd, lab.InitramfsOptions{
		Modules: []string{"nbd", "loop", "squashfs", "isofs"}, Programs: []string{"nbd-client"}, Files: map[string]string{"family.sh": familyScript},
	}))
	iso := w.layout(w.layoutOf("arch"), contents{kernel: built.kernel, initrd: initrd, root: w.squashfs("who", map[string]string{"who": who + "\n"})})
	dir := w.targets()
	w.check(os.Rename(iso, filepath.Join(dir, "medium.iso")))
	spur := w.beside("boot", dir, "--menu", "--menu-timeout", "255", "--root", "nbd", "--cmdline", liveCmdline+" spur.lab=stay")
	m := w.machine("machine", lab.UEFI, lab.Port{})
	w.choose(m, `\[a\] Arch Linux \(ARCH_202405\)`, "a")
	w.prints(m, spur, `(?s)SPUR-LAB-STAYS.*/ # `)
	_, err := m.Write([]byte(`. /family.sh; nbd-client "$(arg archiso_nbd_srv)" -N "$(arg archiso_nbd_name)" -systemd-mark -persist /dev/nbd0` +
		` && mkdir /disc && mount -o ro /dev/nbd0 /disc && squashfs "/disc/$(arg archisobasedir)/x86_64/airootfs.sfs"; grep nbd0 /proc/mounts` + "\n"))
	w.check(err)
	w.prints(m, spur, who, `/dev/nbd0 /disc iso9660 ro`)
	w.told(spur, m, `"step":"mounted".*"file":"medium\.iso"`)
}
