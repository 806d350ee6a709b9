package image

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// unpacked is the path of a file that scripts/install has unpacked.
func unpacked(t *testing.T, pattern string) string {
	t.Helper()
	cache := os.Getenv("SPUR_LAB_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(user, "spur-lab")
	}
	return installed(t, filepath.Join(cache, pattern), "scripts/install test")
}

// folderOf makes a folder with copies of files, or with texts.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		b := []byte(content)
		if strings.HasPrefix(content, "/") {
			var err error
			if b, err = os.ReadFile(content); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Debian's tree for network boots is full of links, and in order.
func TestOpenDebiansNetboot(t *testing.T) {
	found, err := OpenFolder(unpacked(t, "debian-installer-12-netboot-amd64/usr/lib/debian-installer/images/12/amd64/text"))
	if err != nil {
		t.Fatal(err)
	}
	want := []boot.Program{
		{Name: "pxelinux.0", Firmware: boot.BIOS, Arch: boot.X86},
		{Name: "debian-installer/amd64/bootnetx64.efi", Firmware: boot.UEFI, Arch: boot.X64, Signed: true, Starts: "debian-installer/amd64/grubx64.efi", Loader: boot.GRUB, Reaches: boot.CanTFTP | boot.CanBzImage | boot.CanEFI},
	}
	if !slices.Equal(found.Programs, want) || !slices.Equal(found.Kernels, []string{"debian-installer/amd64/linux"}) || len(found.Warnings) > 0 {
		t.Errorf("got %+v", found)
	}
}

// Of several programs for a machine the one goes first that starts others, then the one
// that lies the highest.
func TestProgramsOfFolder(t *testing.T) {
	shim, grub := unpacked(t, "shim-signed/usr/lib/shim/shimx64.efi.signed"), unpacked(t, "grub-efi-amd64-signed/usr/lib/grub/*/grubnetx64.efi.signed")
	pxelinux := unpacked(t, "pxelinux/usr/lib/PXELINUX/pxelinux.0")
	const ipxe, undionly = "/usr/lib/ipxe/snponly.efi", "/usr/lib/ipxe/undionly.kpxe"
	long := strings.Repeat("a-long-name/", 5) + "x.efi"
	for _, tt := range []struct {
		name     string
		files    map[string]string
		programs string
		warning  string
	}{
		{"shim and GRUB before a GRUB and iPXE", map[string]string{"grub.efi": grub, "a/shim": shim, "a/grubx64.efi": grub, "b.efi": ipxe, "grub/grub.cfg": "boot"}, "a/shim", ""},
		{"a shim with its GRUB elsewhere", map[string]string{"shim": shim, "a/grubx64.efi": grub, "a/x86_64-efi/grub.cfg": "boot"}, "a/grubx64.efi", ""},
		{"a GRUB alone", map[string]string{"a/grubx64.efi": grub, "b/grub.cfg": "boot"}, "a/grubx64.efi", "the GRUB of a/grubx64.efi finds no configuration and shows a prompt, unless it was built with one: there is no grub/grub.cfg"},
		{"a GRUB with a machine's own configuration", map[string]string{"grubx64.efi": grub, "grub/grub.cfg-01-52-54-00-12-34-56": "boot"}, "grubx64.efi", ""},
		{"a shim and GRUB alone", map[string]string{"a/shim": shim, "a/grubx64.efi": grub}, "a/shim", "the GRUB of a/shim finds no configuration"},
		{"a shim alone", map[string]string{"shim": shim}, "shim", "it asks for grubx64.efi"},
		{"the higher one", map[string]string{"z.efi": ipxe, "a/b.efi": ipxe}, "z.efi", ""},
		{"PXELINUX with its companion", map[string]string{"pxelinux.0": pxelinux, "a/pxelinux.0": pxelinux, "a/ldlinux.c32": "x", "a/pxelinux.cfg/default": "localboot 0"}, "a/pxelinux.0", ""},
		{"PXELINUX without", map[string]string{"pxelinux.0": pxelinux, "pxelinux.cfg/default": ""}, "pxelinux.0", "without ldlinux.c32"},
		{"PXELINUX before iPXE", map[string]string{"u": undionly, "a/pxelinux.0": pxelinux, "a/ldlinux.c32": "x", "a/pxelinux.cfg/default": ""}, "a/pxelinux.0", ""},
		{"too far down", map[string]string{long: ipxe, "u.0": undionly}, "u.0", "has a path of 65 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := OpenFolder(folderOf(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range found.Programs {
				got = append(got, p.Name)
			}
			if strings.Join(got, " ") != tt.programs {
				t.Errorf("got %v, want %s", got, tt.programs)
			}
			if warnings := strings.Join(found.Warnings, "\n"); tt.warning == "" && warnings != "" || !strings.Contains(warnings, tt.warning) {
				t.Errorf("the warnings are %q, want %q", warnings, tt.warning)
			}
		})
	}
}

func TestFolderWithoutLoader(t *testing.T) {
	anISO := string(blank(40<<10, map[int]string{0x8001: "CD001"}))
	for _, tt := range []struct {
		files  map[string]string
		want   string
		remedy string
	}{
		{map[string]string{"xen.efi": string(xenX64(t)), "xen.cfg": "[global]\n"}, "is no loader that firmware starts, but Xen: xen.efi", "spur boot xen.efi --module KERNEL"},
		{map[string]string{"xen.efi": string(xenX64(t)), "a/b.iso": anISO}, "is no loader that firmware starts, but an image: a/b.iso", "add --menu"},
		{map[string]string{"a.iso": anISO, "b.iso": anISO, "c.iso": anISO, "d.iso": anISO, "e.iso": anISO}, "but images: a.iso, b.iso, c.iso and 2 more", "add --menu"},
		{nil, ": it is empty", ""},
		{map[string]string{"a/readme": "text"}, "is no loader that firmware starts", "name a folder that has one"},
		{map[string]string{"vmlinuz": debianKernel(t), "text": "x"}, "but a kernel: vmlinuz", "add --menu"},
		{map[string]string{"mm.efi": unpacked(t, "shim-helpers-amd64-signed/usr/lib/shim/mmx64.efi.signed")}, "is no loader that firmware starts", "name a folder that has one"},
	} {
		_, err := OpenFolder(folderOf(t, tt.files))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || advice.Of(err) == "" || !strings.Contains(advice.Of(err), tt.remedy) {
			t.Errorf("%v: %v\n%s", slices.Collect(maps.Keys(tt.files)), err, advice.Of(err))
		}
	}
	if _, err := OpenFolder("/nowhere"); err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Error(err)
	}
}

// A folder may have a configuration alone, which is looked through.
func TestConfiguredFolder(t *testing.T) {
	found, err := OpenFolder(folderOf(t, map[string]string{"pxelinux.cfg/default": "label a\n linux none\n", "vmlinuz": debianKernel(t)}))
	if err != nil || !found.Configured || len(found.Programs) > 0 || len(found.Warnings) != 1 || !strings.Contains(found.Warnings[0], "names none") {
		t.Errorf("%+v, %v", found, err)
	}
}

// Links that lead out of the folder, or nowhere, are none of its files.
func TestLinksOfFolder(t *testing.T) {
	dir := folderOf(t, map[string]string{"a/real.efi": "/usr/lib/ipxe/snponly.efi"})
	for name, to := range map[string]string{"out.0": "/usr/lib/ipxe/undionly.kpxe", "nowhere": "x", "round": ".", "link.efi": "a/real.efi"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := OpenFolder(dir)
	if err != nil || len(found.Programs) != 1 || found.Programs[0].Name != "link.efi" || len(found.Warnings) != 1 || found.Warnings[0] != "out.0 is a link that leads out of the folder, and isn't served: copy there what it leads to" {
		t.Errorf("%+v, %v", found, err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "pxelinux.cfg"), 0o755), os.WriteFile(filepath.Join(dir, "pxelinux.cfg", "default"), []byte("label a\n linux out.0\n initrd nowhere\n"), 0o644), os.Remove(filepath.Join(dir, "link.efi")), os.RemoveAll(filepath.Join(dir, "a"))); err != nil {
		t.Fatal(err)
	}
	found, err = OpenFolder(dir)
	said := strings.Join(found.Warnings, "\n")
	if err != nil || !strings.Contains(said, "names out.0, which is a link that leads out of the folder;") || !strings.Contains(said, "names nowhere, which isn't there;") {
		t.Errorf("%s, %v", said, err)
	}
}

// Devices, pipes and sockets in a folder are passed over, and said in one line; where
// none of its files boots, they are no reason to wait.
func TestFolderWithOtherFiles(t *testing.T) {
	dir := folderOf(t, map[string]string{"a/real.efi": "/usr/lib/ipxe/snponly.efi"})
	for _, name := range []string{"a/b.efi", "pxelinux.0", "vmlinuz", "z"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := OpenFolder(dir)
	if err != nil || len(found.Programs) != 1 || len(found.Warnings) != 1 || found.Warnings[0] != "a/b.efi, pxelinux.0, vmlinuz and 1 more are no regular files, and aren't served" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := OpenFolder(filepath.Join(dir, "z")); err == nil || !strings.Contains(err.Error(), "z is no folder") || advice.Of(err) == "" {
		t.Error(err)
	}
}

const flatProgram = "\xfa\x31\xc0\x8e\xd8\xeb\xfe\x00\x01\x02"

func TestNBPOfFolder(t *testing.T) {
	pxelinux := unpacked(t, "pxelinux/usr/lib/PXELINUX/pxelinux.0")
	for _, tt := range []struct {
		name  string
		files map[string]string
		first string // that is named first
		want  string // the program, or a part of the error
	}{
		{"the only one", map[string]string{"x": flatProgram, "readme": "text"}, "", "x"},
		{"by its name", map[string]string{"boot1pxe": flatProgram, "boot": flatProgram}, "", "boot1pxe"},
		{"by its content", map[string]string{"l": pxelinux, "a.0": flatProgram}, "", "l"},
		{"named first", map[string]string{"boot1pxe": flatProgram, "a/boot": flatProgram}, "a/boot", "a/boot"},
		{"several", map[string]string{"a": flatProgram, "b": flatProgram}, "", "several files could be the program: a, b"},
		{"none", map[string]string{"a": "text", "vmlinuz": debianKernel(t)}, "", "is no file that could be"},
		{"named, an EFI application", map[string]string{"a": "/usr/lib/ipxe/snponly.efi"}, "a", "an EFI application, which UEFI firmware starts, not a flat program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := OpenNBPFolder(folderOf(t, tt.files), tt.first)
			switch {
			case err != nil && (!strings.Contains(err.Error(), tt.want) || advice.Of(err) == ""):
				t.Errorf("%v, want %s", err, tt.want)
			case err == nil && (len(found.Programs) != 1 || found.Programs[0] != boot.Program{Name: tt.want, Firmware: boot.BIOS, Arch: boot.X86}):
				t.Errorf("got %+v", found.Programs)
			}
		})
	}
}

// What is for sure something else is called by what it is.
func TestNoNBP(t *testing.T) {
	for want, content := range map[string][]byte{
		"a Multiboot kernel, x86 (32 bits)": elfFile(32, map[int]string{0x1000: header1(3)}), "an iPXE script": []byte("#!ipxe\n"),
		"an EFI application, which UEFI firmware starts": uki(subsystemApplication), "a Linux kernel": x86Kernel(0x020f, 0x7f, peX64, "6.1"),
	} {
		if _, err := LookNBP(bytes.NewReader(content), int64(len(content))); err == nil || !strings.Contains(err.Error(), "this is "+want+", not a flat program") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Whatever a file begins with, it is a flat program or something else in words.
func FuzzLookNBP(f *testing.F) {
	for _, s := range []string{"", flatProgram, "MZ", "\r\nPXELINUX 6.04 ", "\x7fELF", "#!ipxe\n", "PXE->EB:No PXE stack found!"} {
		f.Add([]byte(s), int64(len(s)))
	}
	f.Fuzz(func(t *testing.T, content []byte, size int64) {
		if size > int64(len(content)) {
			size = -1
		}
		found, err := LookNBP(bytes.NewReader(content), size)
		if (err == nil) == (found.Description == "") {
			t.Errorf("%+v, %v", found, err)
		}
		if found, err := Look(bytes.NewReader(content), -1); err == nil && found.Description == "" {
			t.Errorf("%+v says nothing", found)
		}
	})
}

// A folder is looked through so far as programs can lie in it: each step further down takes
// longer than the one before.
func TestOpenDeepFolder(t *testing.T) {
	deep := strings.Repeat("d/", depthMost)
	for below, want := range map[string]bool{"x/" + deep: true, deep: false} {
		found, err := OpenFolder(folderOf(t, map[string]string{"pxelinux.cfg/default": "", below + "file": ""}))
		if err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(strings.Join(found.Warnings, "\n"), "were not looked at"); warned != want {
			t.Errorf("%s: %q", below, found.Warnings)
		}
	}
	empty := folderOf(t, map[string]string{"pxelinux.cfg/default": ""})
	for i := range filesMost + 1 {
		if err := os.Mkdir(filepath.Join(empty, strconv.Itoa(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := OpenFolder(empty); err != nil || !strings.Contains(strings.Join(found.Warnings, "\n"), "were not looked at") {
		t.Errorf("%q, %v", found.Warnings, err)
	}
}
