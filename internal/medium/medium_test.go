package medium

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/lab"
)

// imageOf makes an image of files; a text that is a path is that file. Options are
// xorriso's.
func imageOf(t *testing.T, label string, files map[string]string, options ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		b := []byte(text)
		if strings.HasPrefix(text, "/") {
			var err error
			if b, err = os.ReadFile(text); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "files", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "medium.iso")
	if out, err := exec.CommandContext(t.Context(), "xorriso", slices.Concat([]string{"-as", "mkisofs", "-quiet", "-R", "-J", "-V", label, "-o", path}, options, []string{filepath.Join(dir, "files")})...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// open looks into an image as it is on this host.
func open(t *testing.T, path string) (Disc, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Open(boot.File{Source: path}, f, info.Size(), Wanted{Families: family.Builtin()})
}

// liveImage is one with the layout of Debian's live systems, and a real kernel.
func liveImage(t *testing.T) string {
	t.Helper()
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	return imageOf(t, "d-live test", map[string]string{
		".disk/info": "Official Debian GNU/Linux Live 12.5.0\n", "live/vmlinuz": kernel, "live/initrd.img": "070701", "live/filesystem.squashfs": "hsqs",
		"isolinux/isolinux.cfg": "label live\nmenu label ^Live\nlinux /live/vmlinuz\ninitrd /live/initrd.img\nappend boot=live components findiso=\n" +
			"label safe\nmenu label Safe mode\nlinux /live/vmlinuz\ninitrd /live/initrd.img\nappend boot=live nomodeset\n",
	})
}

func TestLinux(t *testing.T) {
	path := liveImage(t)
	d, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	for entry, want := range map[string]string{
		"": "boot=live components fetch=<live/filesystem.squashfs>", "safe mode": "boot=live nomodeset fetch=<live/filesystem.squashfs>", "2": "boot=live nomodeset fetch=<live/filesystem.squashfs>",
	} {
		l, about, err := d.Linux(entry)
		if err != nil {
			t.Fatal(err)
		}
		if l.Kernel != (boot.File{Source: path, Inside: "live/vmlinuz"}) || len(l.Initrds) != 1 || l.Initrds[0].Inside != "live/initrd.img" || l.Arch != boot.X64 || !l.Abilities.EFIStub || l.Room.Fetched() < 1<<20 || l.Title() != "medium.iso" {
			t.Errorf("%q is %+v", entry, l)
		}
		if got := l.Cmdline.Expand(func(f boot.File) string { return "<" + f.Inside + ">" }, ""); got != want {
			t.Errorf("%q has the command line %q", entry, got)
		}
		if !strings.HasPrefix(about, "Debian live system (Official Debian GNU/Linux Live 12.5.0)") || !strings.Contains(about, "over HTTP") {
			t.Errorf("it is said to be %q", about)
		}
	}
	if _, _, err := d.Linux("Rescue"); err == nil || !strings.Contains(advice.Of(err), "1: Live; 2: Safe mode") {
		t.Errorf("an entry that isn't there: %v, %s", err, advice.Of(err))
	}
}

// The URLs of a family's arguments are those of the medium's folder and of the image.
func TestURLs(t *testing.T) {
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		label, want string
		files       map[string]string
	}{
		{"alpine-std 3.19", "modules=loop,squashfs quiet ip=dhcp alpine_repo=<.>/apks modloop=<boot/modloop-lts>", map[string]string{"apks/.boot_repository": "", "boot/vmlinuz-lts": kernel, "boot/initramfs-lts": "070701", "boot/modloop-lts": "hsqs"}},
		{"Mint", "boot=casper ip=dhcp netboot=url url=<>", map[string]string{"casper/filesystem.squashfs": "hsqs", "casper/vmlinuz": kernel, "casper/initrd": "070701"}},
	} {
		d, err := open(t, imageOf(t, tt.label, tt.files))
		if err != nil {
			t.Fatal(err)
		}
		l, _, err := d.Linux("")
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Cmdline.Expand(func(f boot.File) string { return "<" + f.Inside + ">" }, ""); got != tt.want {
			t.Errorf("%s: %q", tt.label, got)
		}
	}
}

// An image that its system wants inside of an initrd is in one of its own.
func TestInject(t *testing.T) {
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	path := imageOf(t, "PVE", map[string]string{"pve-installer.squashfs": "hsqs", "boot/linux26": kernel, "boot/initrd.img": "070701"})
	d, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	l, about, err := d.Linux("")
	if err != nil || len(l.Initrds) != 2 || l.Initrds[1] != (boot.File{Source: path, Packed: "proxmox.iso"}) || l.Room.Fetched() < 2<<20 || !strings.Contains(about, "the whole image in an initrd") {
		t.Errorf("%v: %+v, %s", err, l, about)
	}
}

// An installer that looks for its medium has the files of the image in an initrd, without
// those that only loaders read.
func TestLayout(t *testing.T) {
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	path := imageOf(t, "Debian", map[string]string{
		".disk/info": "Debian 12", "dists/bookworm/Release": "Suite: stable", "install.amd/vmlinuz": kernel, "install.amd/initrd.gz": "070701", "pool/a.udeb": strings.Repeat("x", 1000),
	})
	d, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	l, about, err := d.Linux("")
	want := boot.File{Source: path, Inside: boot.Root, Packed: "debian-installer"}
	if err != nil || len(l.Initrds) != 2 || l.Initrds[1] != want || l.Room.Fetched() > d.size-1000 || !strings.Contains(about, "the image's files in an initrd") {
		t.Errorf("%v: %+v, %s", err, l, about)
	}
	var text bytes.Buffer
	if err := d.Describe().WriteText(&text); err != nil || !strings.Contains(text.String(), "root      the image's files, in an initrd of their own\n") || strings.Contains(text.String(), "obstacle") {
		t.Errorf("%v: it is described as\n%s", err, &text)
	}
}

// casper and dracut go by the name at the end of the URL.
func TestWarnings(t *testing.T) {
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	path := imageOf(t, "Mint", map[string]string{"casper/filesystem.squashfs": "hsqs", "casper/vmlinuz": kernel})
	other := filepath.Join(t.TempDir(), "mint.img")
	if err := os.Rename(path, other); err != nil {
		t.Fatal(err)
	}
	d, err := open(t, other)
	if err != nil {
		t.Fatal(err)
	}
	if w := d.Warnings(); len(w) != 1 || !strings.Contains(w[0], "this one is called mint.img") {
		t.Errorf("the warnings are %q", w)
	}
}

// An entry whose files aren't all there is left out, which is warned of, whether it is the
// one that would be booted or not.
func TestEntryThatLacksFiles(t *testing.T) {
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	const live, safe = "label live\nlinux /live/vmlinuz\ninitrd /live/none.img\n", "label safe\nlinux /live/vmlinuz\ninitrd /live/initrd.img\n"
	for _, config := range []string{"default live\n" + live + safe, "default safe\n" + live + safe, live} {
		d, err := open(t, imageOf(t, "d-live", map[string]string{
			"live/vmlinuz": kernel, "live/initrd.img": "070701", "live/filesystem.squashfs": "hsqs", "isolinux/isolinux.cfg": config,
		}))
		if err != nil {
			t.Fatal(err)
		}
		const said = `the entry "live" of isolinux/isolinux.cfg is left out: it names live/none.img, which isn't there`
		if _, _, err := d.Linux("Live"); err == nil || err.Error() != "medium.iso: "+said {
			t.Errorf("%s: it is chosen with the error %v", config, err)
		}
		warnings := strings.Join(d.Warnings(), "\n")
		var text bytes.Buffer
		if err := d.Describe().WriteText(&text); err != nil || !strings.Contains(text.String(), said) || strings.Count(warnings, said) != 1 {
			t.Errorf("%s: the warnings are %q, and it is described as\n%s", config, warnings, &text)
		}
	}
}

// A medium of no family boots as a whole by its own menu: what that lacks is said too, with
// the file that names it. What its loader finds is there: a name without its ending, and one in the
// folder that a configuration is read with.
func TestUnknownThatLacksFiles(t *testing.T) {
	const isolinux, grub = "label a\nlinux /k\ninitrd /none.img\nlabel b\nlinux /k\nlabel disk\nkernel chain\nlabel other\nconfig /o/o.cfg\nappend /o\n", "menuentry c { linux /gone }\nmenuentry d { chainloader /gone.efi }\n"
	d, err := open(t, imageOf(t, "odd", map[string]string{"k": "x", "isolinux/isolinux.cfg": isolinux, "isolinux/chain.c32": "x", "o/o.cfg": "label o\nkernel k2\n", "o/k2": "x", "boot/grub/grub.cfg": grub, "loader/entries/e.conf": "title e\nlinux /k\ninitrd /lost.img\n"}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`the entry "a" of isolinux/isolinux.cfg names none.img, which isn't there`,
		`the entry "c" of boot/grub/grub.cfg names gone, which isn't there`,
		`the entry "e" of loader names lost.img, which isn't there`,
	}
	if got := d.Warnings(); !slices.Equal(got, want) {
		t.Errorf("the warnings are %q", got)
	}
	var text bytes.Buffer
	if err := d.Describe().WriteText(&text); err != nil || !strings.Contains(text.String(), "  missing   "+want[0]) {
		t.Errorf("%v: it is described as\n%s", err, &text)
	}
}

// Left out is one whose kernel isn't there, too, though only its name could have said whether it is of
// the family.
func TestEntryOfOtherKernel(t *testing.T) {
	kernel, err := lab.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	d, err := open(t, imageOf(t, "d-live", map[string]string{
		"live/vmlinuz": kernel, "live/initrd.img": "070701", "live/filesystem.squashfs": "hsqs", "tools/vmlinuz": kernel,
		"isolinux/isolinux.cfg": "default live\nlabel live\nlinux /live/vmlinuz\ninitrd /live/initrd.img\nlabel Install\nlinux /install/vmlinuz\nlabel tools\nlinux /tools/vmlinuz\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	const said = `the entry "Install" of isolinux/isolinux.cfg is left out: it names install/vmlinuz, which isn't there`
	if _, _, err := d.Linux("install"); err == nil || err.Error() != "medium.iso: "+said {
		t.Errorf("it is chosen with the error %v", err)
	}
	var text, object bytes.Buffer
	if err := errors.Join(d.Describe().WriteText(&text), d.Describe().WriteJSON(&object)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "left out  "+said) || !strings.Contains(object.String(), `"left_out":["the entry \"Install\" of`) || strings.Contains(text.String(), "tools") {
		t.Errorf("it is described as\n%s%s", &text, &object)
	}
}

// A user's own command line may have the URLs of a medium, by which arguments of families go.
func TestCmdline(t *testing.T) {
	path := liveImage(t)
	d, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Cmdline(`a={{ BASE }}/x b={{ISO}} c={{ FILE "LIVE/*.squashfs" }} d={{ ID "note.txt" }} e={{ UP }}`)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Expand(func(f boot.File) string { return "<" + strings.TrimPrefix(f.Source, path) + ":" + f.Inside + ">" }, "<up>")
	if want := "a=<:" + boot.Root + ">/x b=<:> c=<:live/filesystem.squashfs> d=<note.txt:> e=<up>"; got != want {
		t.Errorf("it is %q, wanted %q", got, want)
	}
	for text, want := range map[string]string{`{{ FILE "none*" }}`: "there is no file none* on it", "{{ URI }}": "is none of"} {
		if _, err := d.Cmdline(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is on a medium of no family is listed.
func TestUnknown(t *testing.T) {
	d, err := open(t, imageOf(t, "ODD", map[string]string{
		"k": "x", "boot/grub/grub.cfg": "menuentry 'Odd' {\n linux /k quiet odd=1\n initrd /a /b\n}\nmenuentry 'Tool' {\n chainloader /EFI/tool.efi\n}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := d.Describe().WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"boot/grub/grub.cfg of grub: 2 entries\n", "  Odd\n", "    linux: k, a, b quiet odd=1\n", "  Tool\n", "    efi: EFI/tool.efi\n", "instead   describe it in a file for --families, or name",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it doesn't say %q, but\n%s", want, &text)
		}
	}
}

// What doesn't boot has one clear line, and what to do.
func TestErrors(t *testing.T) {
	live := liveImage(t)
	b, err := os.ReadFile(live)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.iso")
	if err := os.WriteFile(cut, b[:len(b)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, cut); err == nil || !strings.HasPrefix(err.Error(), "cut.iso: the image is cut off: it has ") || advice.Of(err) == "" {
		t.Errorf("cut off: %v", err)
	}
	for want, files := range map[string]map[string]string{
		"medium.iso (TEST) holds no system that Spur knows":                                 {"photos/1.jpg": "x"},
		"medium.iso (TEST) holds no system, but images: debian.iso, memtest.img":            {"debian.iso": string(b[:40000]), "memtest.img": "x"},
		"medium.iso (TEST) is of no family of systems that Spur knows, though isolinux.cfg": {"isolinux.cfg": "label a\nlinux /k\n", "k": "x"},
		"medium.iso (FreeBSD) doesn't boot over the network as it is":                       {"boot/kernel/kernel": "", "boot/loader.efi": ""},
		"live/vmlinuz in ": {"live/filesystem.squashfs": "", "live/vmlinuz": "no kernel", "live/initrd.img": "070701"},
		"medium.iso (Debian live system) doesn't boot: its kernel or its initrd isn't there": {"live/filesystem.squashfs": "", "live/vmlinuz": ""},
		`medium.iso (Debian live system) doesn't boot: the entry "live" of isolinux.cfg is left out: it names live/none.img, which isn't there`: {
			"live/filesystem.squashfs": "", "live/vmlinuz": "", "isolinux.cfg": "label live\nlinux /live/vmlinuz\ninitrd /live/none.img\n",
		},
		"medium.iso (SystemRescue) doesn't boot: its kernel or its initrd isn't there": {"sysresccd/x86_64/airootfs.sfs": ""},
	} {
		d, err := open(t, imageOf(t, "TEST", files))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = d.Linux(""); err == nil || !strings.HasPrefix(err.Error(), want) || advice.Of(err) == "" {
			t.Errorf("%v\n%s\nwanted %s", err, advice.Of(err), want)
		}
		var text bytes.Buffer
		if err := d.Describe().WriteText(&text); err != nil || !strings.Contains(text.String(), "obstacle  ") {
			t.Errorf("it is described as\n%s", &text)
		}
	}
}
