package boottest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/family/familytest"
	"github.com/spurboot/spur/internal/lab"
)

// familyScript is what a layout's initrd of ours fetches with, in the place of its family's:
// what there is an argument for, and images that it mounts by loop, of which it says what is
// on them.
const familyScript = `
arg() { tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"; }
show() { wget -q -O - "$1"; }
mounts() { mkdir -p "/mnt/$1" && mount -o "ro,loop" -t "$1" "$2" "/mnt/$1"; }
squashfs() { mounts squashfs "$1" && cat /mnt/squashfs/who; }
iso() { mounts iso9660 "$1" && squashfs "/mnt/iso9660/$2"; }
fetch() { wget -q -O "/tmp/${1##*/}" "$1" && echo "/tmp/${1##*/}"; }
`

// who is what a root says that such an initrd has mounted.
const who = "the root that the test made"

// liveBoot is printed by a live system that Debian's live-boot has fetched the root of, and
// dracut by one that dracut has.
var (
	liveBoot = []string{`LIVE root overlay / overlay \S*lowerdir=\S*\.squashfs`, `LIVE medium /dev/loop\d+ \S+\.squashfs squashfs ro`}
	dracut   = []string{`LIVE root LiveOS_rootfs / overlay \S*lowerdir=\S*rootfsbase`}
)

// systems are what the layouts of the families boot, by their volumes' labels: with the real
// initrd of its family, where Debian has that, or with one of ours that fetches what the
// family's does.
var systems = map[string]struct {
	real      func() (string, error)
	fetches   string // typed in where the initrd is ours
	prints    []string
	elsewhere string // the test that boots it
	silent    bool   // it brings up no network, and tells nobody that it is up
}{
	"d-live 12.5.0 st amd64": {real: lab.LiveInitrd, prints: liveBoot},
	"KALI":                   {real: lab.LiveInitrd, prints: []string{`LIVE root overlay / overlay \S*lowerdir=\S*more\.squashfs\S*filesystem\.squashfs`}},
	"3.1.2-22-amd64":         {real: lab.LiveInitrd, prints: liveBoot},
	"GParted-live":           {fetches: `squashfs "$(fetch "$(arg fetch)")"`, prints: []string{who}},
	"grml64-full_2024.02":    {fetches: `squashfs "$(fetch "$(arg fetch)")"`, prints: []string{who}},

	"Fedora-WS-Live-40-1-14": {real: lab.DracutInitrd, prints: dracut},
	"openSUSE_Tumbleweed":    {real: lab.DracutInitrd, prints: dracut},
	"VOID_LIVE":              {real: lab.DracutInitrd, prints: dracut, silent: true},
	"Gentoo-amd64-20240505":  {real: lab.DracutInitrd, prints: dracut, silent: true},

	"Ubuntu-Server 24.04.1 LTS amd64": {fetches: `iso "$(fetch "$(arg url)")" casper/min.squashfs`, prints: []string{who}},
	"Linux Mint 21.3 Cinnamon 64-bit": {fetches: `iso "$(fetch "$(arg url)")" casper/filesystem.squashfs`, prints: []string{who}},
	"Pop_OS 22.04 amd64":              {fetches: `iso "$(fetch "$(arg url)")" "$(arg live-media-path)/filesystem.squashfs"`, prints: []string{who}},

	"Fedora-S-dvd-x86_64-40": {
		fetches: `for f in .treeinfo repodata/repomd.xml; do show "$(arg inst.repo)/$f"; done; squashfs "$(fetch "$(arg inst.repo)/images/install.img")"`,
		prints:  []string{`family = Fedora\s+<repomd/>\s+` + who},
	},
	"RHEL-9-3-0-BaseOS-x86_64": {fetches: `squashfs "$(fetch "$(arg inst.stage2)/images/install.img")"`, prints: []string{who}},
	"openSUSE-Leap-15.5-DVD": {
		fetches: `show "$(arg install)/media.1/media"; squashfs "$(fetch "$(arg install)/boot/x86_64/root")"`,
		prints:  []string{`Build491\.1\s+` + who},
	},

	"ARCH_202405": {fetches: `squashfs "$(fetch "$(arg archiso_http_srv)$(arg archisobasedir)/x86_64/airootfs.sfs")"`, prints: []string{who}},
	"RESCUE1101":  {fetches: `squashfs "$(fetch "$(arg archiso_http_srv)$(arg archisobasedir)/x86_64/airootfs.sfs")"`, prints: []string{who}},
	"MANJARO_KDE_2400": {
		fetches: `for f in livefs mhwdfs rootfs; do u="$(arg miso_http_srv)$(arg misobasedir)/x86_64/$f.sfs"; wget -S --spider "$u" 2>&1 | grep -c '200 OK'; done; squashfs "$(fetch "$u")"`,
		prints:  []string{`1\s+0\s+1\s+` + who},
	},
	"alpine-std 3.19.1 x86_64": {fetches: `show "$(arg alpine_repo)/x86_64/APKINDEX.tar.gz"; squashfs "$(fetch "$(arg modloop)")"`, prints: []string{`the index\s+` + who}},

	"PVE":                        {fetches: `iso /proxmox.iso pve-installer.squashfs`, prints: []string{who}},
	"nixos-minimal-24.05-x86_64": {fetches: `iso "$(arg root)" nix-store.squashfs`, prints: []string{who}},

	"ISOIMAGE":    {fetches: `uname -s`, prints: []string{`Linux`}},
	"TinyCore":    {fetches: `uname -s`, prints: []string{`Linux`}},
	"MT86PLUS_64": {elsewhere: "TestMemtest"},

	"openSUSE-Leap-15.6-NET-aarch64": {elsewhere: "TestFamiliesARM64"},
	"VOID_LIVE_ARM64":                {fetches: `iso /void.iso LiveOS/squashfs.img`, prints: []string{who}},
	"nixos-minimal-24.05-aarch64":    {fetches: `iso "$(arg root)" nix-store.squashfs`, prints: []string{who}},

	"Debian 12.5.0 amd64 n": {elsewhere: "TestDebianInstallerISO"},
	"Debian 13.1.0 arm64 n": {elsewhere: "TestDebianInstallerISO"},
}

// Each family boots from a medium with its layout, down to what its root says: a live
// system's is mounted over the network, as its family does.
func TestFamilies(t *testing.T) {
	t.Parallel()
	ours := filepath.Join(t.TempDir(), "initrd.gz")
	if err := lab.Initramfs(ours, lab.InitramfsOptions{Modules: []string{"loop", "squashfs", "isofs"}, Files: map[string]string{"family.sh": familyScript}}); err != nil {
		t.Fatal(err)
	}
	for _, layout := range familytest.Layouts() {
		system, ok := systems[layout.Label]
		if !ok {
			t.Errorf("nothing boots %s (%s)", layout.Family, layout.Label)
			continue
		}
		if system.elsewhere != "" {
			continue
		}
		t.Run(layout.Label, func(t *testing.T) {
			w := newWorld(t)
			given := contents{kernel: built.kernel, initrd: ours, root: w.squashfs("who", map[string]string{"who": who + "\n"})}
			var err error
			if system.real != nil {
				given.initrd, err = system.real()
				w.check(err)
				given.root = w.liveRoot()
			}
			spur := w.beside("boot", w.layout(layout, given), "--cmdline", liveCmdline+" spur.lab=stay")
			m := w.machine("machine", lab.BIOS, lab.Port{})
			if system.fetches != "" {
				w.prints(m, spur, `(?s)SPUR-LAB-STAYS.*/ # `) // before its prompt a shell may lose what is typed
				_, err := m.Write([]byte(". /family.sh; " + system.fetches + "\n"))
				w.check(err)
			}
			w.prints(m, spur, system.prints...)
			if !system.silent {
				w.told(spur, m, `"step":"up"`)
			}
			w.took(spur, m, "ipxe-http")
		})
	}
}

// contents are what a medium is made of.
type contents struct{ kernel, initrd, root string }

// layout makes the medium of a layout.
func (w *world) layout(l familytest.Layout, given contents) string {
	w.Helper()
	files := map[string]string{}
	for name, content := range l.Files {
		switch content {
		case familytest.Kernel:
			content = given.kernel
		case familytest.Initrd:
			content = given.initrd
		case familytest.Early:
			content = built.extra1
		case familytest.Squashfs:
			content = given.root
		}
		files[name] = content
	}
	return w.isoOf(l.Label, files)
}

// layoutOf finds the first layout of a family.
func (w *world) layoutOf(family string) familytest.Layout {
	w.Helper()
	all := familytest.Layouts()
	i := slices.IndexFunc(all, func(l familytest.Layout) bool { return l.Family == family })
	if i < 0 {
		w.Fatalf("there is no layout of %s", family)
	}
	return all[i]
}

// squashfs makes a file system of texts.
func (w *world) squashfs(name string, texts map[string]string) string {
	w.Helper()
	dir := w.TempDir()
	root := filepath.Join(dir, "root")
	w.check(os.Mkdir(root, 0o755))
	w.write(root, texts)
	image := filepath.Join(dir, name+".squashfs")
	w.run("mksquashfs", root, image, "-quiet", "-no-progress", "-comp", "gzip")
	return image
}
