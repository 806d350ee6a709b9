package boottest

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/family/familytest"
	"github.com/spurboot/spur/internal/lab"
)

// nfsScript is how systems mount their medium's files: by klibc's nfsmount without a port, as
// casper and Arch's hook do, and by the kernel with options or without, as dracut's mount.nfs
// has it do for anaconda, and linuxrc.
const nfsScript = `
chmod +x /bin/nfsmount /lib/klibc-*.so
mkdir -p /mnt/nfs
told() { echo "NFS $(grep ' nfs ' /proc/mounts)"; }
klibc() { nfsmount -o nolock -o ro "$1" /mnt/nfs && told; }
kernel() { mount -t nfs -o "ro,proto=tcp,$1,addr=${2%%:*}" "$2" /mnt/nfs && told; }
`

// nfsInitrd makes an initrd that has klibc's nfsmount and the scripts.
func nfsInitrd(t *testing.T) string {
	t.Helper()
	files := map[string]string{"family.sh": familyScript + nfsScript}
	for row, pattern := range map[string]string{"klibc-utils": "usr/lib/klibc/bin/nfsmount", "libklibc": "lib/klibc-*.so"} {
		path, err := lab.Unpacked(row, pattern)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[map[string]string{"klibc-utils": "bin/", "libklibc": "lib/"}[row]+filepath.Base(path)] = string(content)
	}
	ours := filepath.Join(t.TempDir(), "initrd.gz")
	if err := lab.Initramfs(ours, lab.InitramfsOptions{Modules: []string{"loop", "squashfs", "nfsv3"}, Files: files}); err != nil {
		t.Fatal(err)
	}
	return ours
}

// nfsMedium makes a medium of a layout that boots such an initrd.
func (w *world) nfsMedium(label, initrd string) string {
	w.Helper()
	all := familytest.Layouts()
	layout := all[slices.IndexFunc(all, func(l familytest.Layout) bool { return l.Label == label })]
	return w.layout(layout, contents{kernel: built.kernel, initrd: initrd, root: w.squashfs("who", map[string]string{"who": who + "\n"})})
}

// shell types a line into a machine's shell once it has a prompt.
func (w *world) shell(m *lab.Machine, spur *lab.Process, line string) {
	w.Helper()
	w.prints(m, spur, `(?s)SPUR-LAB-STAYS.*/ # `) // before its prompt a shell may lose what is typed
	_, err := m.Write([]byte(line + "\n"))
	w.check(err)
}

// Media whose systems mount their files over NFS, with an initrd of ours that mounts as the
// family's does, by what Spur has told it, and says what is on the medium.
func TestFamiliesOverNFS(t *testing.T) {
	t.Parallel()
	ours := nfsInitrd(t)
	for _, tt := range []struct{ label, mounts string }{
		{"Linux Mint 21.3 Cinnamon 64-bit", `klibc "$(arg nfsroot)"; squashfs /mnt/nfs/casper/filesystem.squashfs`},
		{"ARCH_202405", `klibc "$(arg archiso_nfs_srv)"; squashfs "/mnt/nfs/$(arg archisobasedir)/x86_64/airootfs.sfs"`},
		{"Fedora-S-dvd-x86_64-40", `r=$(arg inst.repo | sed s/^nfs://); kernel "${r%%:*}" "${r#*:}"; squashfs /mnt/nfs/images/install.img`},
		{"openSUSE-Leap-15.5-DVD", `r=$(arg install | sed s,^nfs://,,); kernel vers=3,nolock "${r%%/*}:/${r#*/}"; squashfs /mnt/nfs/boot/x86_64/root`},
	} {
		t.Run(tt.label, func(t *testing.T) {
			w := newWorld(t)
			spur := w.beside("boot", w.nfsMedium(tt.label, ours), "--root", "nfs", "--cmdline", liveCmdline+" spur.lab=stay")
			m := w.machine("machine", lab.BIOS, lab.Port{})
			w.shell(m, spur, ". /family.sh; "+tt.mounts)
			w.prints(m, spur, `NFS \S+:/[0-9a-v]{60,} /mnt/nfs nfs ro,\S*vers=3`, who)
			w.told(spur, m, `"step":"mounted".*"file":"medium\.iso"`)
			w.told(spur, m, `"step":"up"`)
		})
	}
}

// A machine whose root Spur serves goes on when Spur was killed and is started again.
func TestNFSAfterRestart(t *testing.T) {
	w := newWorld(t)
	args := []string{"boot", w.nfsMedium("Linux Mint 21.3 Cinnamon 64-bit", nfsInitrd(t)), "--root", "nfs", "--data", t.TempDir(), "--cmdline", liveCmdline + " spur.lab=stay"}
	spur := w.beside(args...)
	m := w.machine("machine", lab.BIOS, lab.Port{})
	w.shell(m, spur, `. /family.sh; klibc "$(arg nfsroot)"; squashfs /mnt/nfs/casper/filesystem.squashfs`)
	w.prints(m, spur, `NFS \S+ /mnt/nfs nfs ro`, who)
	w.check(syscall.Kill(spur.PID(), syscall.SIGKILL))
	<-spur.Done()
	_, err := m.Write([]byte("umount /mnt/squashfs; echo 3 >/proc/sys/vm/drop_caches; ls -R /mnt/nfs | wc -l; squashfs /mnt/nfs/casper/filesystem.squashfs; echo WENT-ON\n"))
	w.check(err)
	time.Sleep(2 * time.Second)
	spur = w.spur(args...)
	w.prints(m, spur, who+`\s+WENT-ON`)
}
