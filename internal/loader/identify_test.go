package loader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/route"
)

const (
	microsofts = "Microsoft Windows UEFI Driver Publisher < Microsoft Corporation UEFI CA 2011; Microsoft UEFI CA 2023 signer < Microsoft UEFI CA 2023"
	shimSBAT   = "sbat,1 shim,4 shim.debian,1"
	// The two levels of shim 16.1.
	shimLevels = "2025021800 sbat,1 shim,4 grub,5; 2025051000 sbat,1 shim,4 grub,5 grub.proxmox,2"
	signer     = "Debian Secure Boot Signer 2022 - "
	oldGRUB    = "GRUB|uefi|%s|2.06-13+deb12u2|Debian|" + signer + "grub2 < Debian Secure Boot CA|sbat,1 grub,5 grub.debian,5 grub.debian12,1||%s||%s"
	bpoGRUB    = "GRUB|uefi|x64|2.12-1~bpo12+1|Debian|" + signer + "grub2 < Debian Secure Boot CA|sbat,1 grub,4 grub.debian,4 grub.debian13,1 grub.peimage,1||/grub||http tftp linux efi after-http-boot"
	newIPXE    = "iPXE|uefi|%s|1.21.1+git20250501.dad20602+dfsg-1|iPXE||sbat,1 ipxe,1|||%s|http https tftp iscsi aoe menu efi shim"
	oldIPXE    = "iPXE|uefi|x64|1.0.0+git-20190125.36a4c85-5.1||||||%s|http tftp iscsi aoe menu efi"
)

// debians are files of Debian's packages and what they are: kind, firmware, architecture,
// version, vendor, signatures, SBAT data, levels, prefix, drivers and features.
// Package rows are those of scripts/install; a row "" is a file of this host.
var debians = []struct{ row, file, want string }{
	{"shim-signed", "usr/lib/shim/shimx64.efi.signed", "shim|uefi|x64|16.1|Debian|" + microsofts + "|" + shimSBAT + "|" + shimLevels + "|||"},
	{"shim-signed:arm64", "usr/lib/shim/shimaa64.efi.signed", "shim|uefi|arm64|16.1|Debian|" + microsofts + "|" + shimSBAT + "|" + shimLevels + "|||"},
	{"shim-helpers-amd64-signed", "usr/lib/shim/mmx64.efi.signed", "MokManager|uefi|x64|16.1|Debian|" + signer + "shim < Debian Secure Boot CA|" + shimSBAT + "||||"},
	{"shim-helpers-amd64-signed", "usr/lib/shim/fbx64.efi.signed", "fallback|uefi|x64|16.1|Debian|" + signer + "shim < Debian Secure Boot CA|" + shimSBAT + "||||"},
	{"grub-efi-amd64-signed", "usr/lib/grub/*/grubnetx64.efi.signed", fmt.Sprintf(oldGRUB, "x64", "/grub", "tftp linux efi")},
	{"grub-efi-amd64-signed", "usr/lib/grub/*/grubnetx64-installer.efi.signed", fmt.Sprintf(oldGRUB, "x64", "/debian-installer/amd64/grub", "tftp linux efi")},
	{"grub-efi-amd64-signed", "usr/lib/grub/*/grubx64.efi.signed", fmt.Sprintf(oldGRUB, "x64", "/EFI/debian", "linux efi")},
	{"grub-efi-arm64-signed:arm64", "usr/lib/grub/*/grubnetaa64.efi.signed", fmt.Sprintf(oldGRUB, "arm64", "/grub", "tftp linux efi")},
	{"grub-efi-amd64-signed/bookworm-backports", "usr/lib/grub/*/grubnetx64.efi.signed", bpoGRUB},
	{"grub-efi-amd64-signed/trixie", "usr/lib/grub/*/grubnetx64.efi.signed",
		"GRUB|uefi|x64|2.12-9+deb13u4|Debian|" + signer + "grub2 < Debian Secure Boot CA|sbat,1 grub,7 grub.debian,5 grub.debian13,1 grub.peimage,2||/grub||http tftp linux efi after-http-boot"},
	{"grub-efi-ia32-bin", "usr/lib/grub/i386-efi/monolithic/grubnetia32.efi",
		"GRUB|uefi|x86|2.06-13+deb12u2|Debian||sbat,1 grub,5 grub.debian,5 grub.debian12,1||/grub||tftp linux efi"},
	{"grub-efi-amd64-unsigned/trixie", "usr/lib/grub/x86_64-efi/monolithic/grubnetx64.efi",
		"GRUB|uefi|x64|2.12-9+deb13u4|Debian||sbat,1 grub,7 grub.debian,5 grub.debian13,1 grub.peimage,2||/grub||http tftp linux efi after-http-boot"},
	{"ipxe/trixie", "usr/lib/ipxe/ipxe-amd64.efi", fmt.Sprintf(newIPXE, "x64", "own")},
	{"ipxe/trixie", "usr/lib/ipxe/snponly.efi", fmt.Sprintf(newIPXE, "x64", "firmware")},
	{"ipxe/trixie", "usr/lib/ipxe/ipxe-arm64.efi", fmt.Sprintf(newIPXE, "arm64", "own")},
	{"ipxe/trixie", "usr/lib/ipxe/ipxe-riscv64.efi", fmt.Sprintf(newIPXE, "riscv64", "own")},
	{"ipxe/trixie", "usr/lib/ipxe/ipxe-loong64.efi", fmt.Sprintf(newIPXE, "loong64", "own")},
	{"ipxe/trixie", "usr/lib/ipxe/undionly.kpxe", "iPXE|bios|x86||||||||"},
	{"ipxe/trixie", "usr/lib/ipxe/ipxe.lkrn", "iPXE as a kernel|bios|x86|1.21.1+git20250501.dad20602+dfsg-1|||||||"},
	{"", "/usr/lib/ipxe/ipxe.efi", fmt.Sprintf(oldIPXE, "own")},
	{"", "/usr/lib/ipxe/snponly.efi", fmt.Sprintf(oldIPXE, "firmware")},
	{"", "/usr/lib/ipxe/ipxe.pxe", "iPXE|bios|x86||||||||"},
	{"pxelinux", "usr/lib/PXELINUX/pxelinux.0", "PXELINUX|bios|x86|6.04|||||||tftp"},
	{"pxelinux", "usr/lib/PXELINUX/lpxelinux.0", "PXELINUX|bios|x86|6.04|||||||http tftp"},
	{"syslinux-common", "usr/lib/syslinux/modules/bios/ldlinux.c32", "ldlinux|bios|x86||||||||"},
	{"syslinux-common", "usr/lib/syslinux/modules/bios/mboot.c32", "Syslinux module|bios|x86||||||||"},
	{"syslinux-common", "usr/lib/syslinux/modules/bios/libcom32.c32", "Syslinux module|bios|x86||||||||"},
	{"syslinux-common", "usr/lib/syslinux/modules/efi64/ldlinux.e64", "ldlinux|uefi|x64||||||||"},
	{"syslinux-efi", "usr/lib/SYSLINUX.EFI/efi64/syslinux.efi", "Syslinux|uefi|x64|6.04|||||||"},
	{"memtest86+", "boot/memtest86+x64.efi", "Memtest86+|uefi|x64|6.10|||||||"},
	{"", "/usr/lib/systemd/boot/efi/linuxx64.efi.stub", "systemd-stub|uefi|x64|252.39-1~deb12u2|Debian GNU/Linux||sbat,1 systemd,1 systemd.debian,1||||"},
	{"systemd-boot-efi:arm64", "usr/lib/systemd/boot/efi/linuxaa64.efi.stub", "systemd-stub|uefi|arm64|252.39-1~deb12u2|||||||"},
	{"systemd-boot-efi:arm64", "usr/lib/systemd/boot/efi/systemd-bootaa64.efi", "systemd-boot|uefi|arm64|252.39-1~deb12u2|||||||"},
	{"systemd-boot-efi:riscv64/trixie", "usr/lib/systemd/boot/efi/linuxriscv64.efi.stub",
		"systemd-stub|uefi|riscv64|257.13-1~deb13u1|Debian GNU/Linux||sbat,1 systemd-stub,1 systemd-stub.debian,1||||"},
	{"systemd-boot-efi/trixie", "usr/lib/systemd/boot/efi/addonx64.efi.stub", "systemd-addon|uefi|x64|257.13-1~deb13u1|||||||"},
}

// version leaves out what a point release of Debian changes: "2.06-13+deb12u2" is
// "2.06-13".
func version(v string) string {
	v, _, _ = strings.Cut(v, "+deb")
	v, _, _ = strings.Cut(v, "~deb")
	return v
}

func TestIdentifyDebians(t *testing.T) {
	for _, g := range debians {
		t.Run(g.row+" "+filepath.Base(g.file), func(t *testing.T) {
			id, err := identifyFile(unpacked(t, g.row, g.file))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(g.want, "|")
			want[3] = version(want[3])
			if got := line(id); got != strings.Join(want, "|") {
				t.Errorf("got  %s\nwant %s", got, strings.Join(want, "|"))
			}
		})
	}
}

func unpacked(t testing.TB, row, file string) string {
	t.Helper()
	if row == "" {
		return file
	}
	path, err := lab.Unpacked(row, file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// largest notes the largest read.
type largest struct {
	io.ReaderAt
	bytes int
}

func (l *largest) ReadAt(p []byte, off int64) (int, error) {
	l.bytes = max(l.bytes, len(p))
	return l.ReaderAt.ReadAt(p, off)
}

// A kernel is looked into at every start: not all of it is held for that.
func TestIdentifyHoldsNoKernel(t *testing.T) {
	f, err := os.Open(unpacked(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	l := &largest{ReaderAt: f}
	id, err := Identify(l, info.Size())
	if err != nil || id.Kind != route.KindLinux || id.Version == "" || !id.Signed() {
		t.Errorf("%+v, %v", id, err)
	}
	if l.bytes > 1<<20 {
		t.Errorf("%d of the kernel's %d bytes are read at once", l.bytes, info.Size())
	}
}

func identifyFile(path string) (route.Identity, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return route.Identity{}, err
	}
	return Identify(bytes.NewReader(b), int64(len(b)))
}

// line writes an identity in one line.
func line(id route.Identity) string {
	var signatures, components, levels, can []string
	for _, s := range id.Signatures {
		signatures = append(signatures, s.Signer+" < "+s.Issuer+s.Fault)
	}
	for _, e := range id.SBAT {
		components = append(components, e.String())
	}
	if id.Levels != nil {
		for _, l := range []any{id.Levels.Previous, id.Levels.Latest} {
			levels = append(levels, strings.NewReplacer("{", "", "}", "", "[", "", "]", "").Replace(fmt.Sprint(l)))
		}
	}
	for _, f := range []struct {
		feature boot.Features
		name    string
	}{
		{boot.CanHTTP, "http"}, {boot.CanHTTPS, "https"}, {boot.CanTFTP, "tftp"}, {boot.CanISCSI, "iscsi"}, {boot.CanAOE, "aoe"}, {boot.CanMenu, "menu"},
		{boot.CanBzImage, "linux"}, {boot.CanEFI, "efi"}, {boot.CanShim, "shim"}, {boot.CanAfterHTTPBoot, "after-http-boot"},
	} {
		if id.Features.Has(f.feature) {
			can = append(can, f.name)
		}
	}
	return strings.Join([]string{
		string(id.Kind), string(id.Firmware), string(id.Arch), version(id.Version), id.Vendor, strings.Join(signatures, "; "),
		strings.Join(components, " "), strings.Join(levels, "; "), id.Prefix, string(id.Drivers), strings.Join(can, " "),
	}, "|")
}

func TestIdentifyKernel(t *testing.T) {
	id, err := identifyFile(unpacked(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"))
	if err != nil {
		t.Fatal(err)
	}
	if id.Kind != route.KindLinux || id.Arch != boot.X64 || !strings.HasSuffix(id.Version, "-cloud-amd64") || !id.Signed() {
		t.Errorf("got %+v", id)
	}
}

func TestIdentifyDamaged(t *testing.T) {
	shim, err := os.ReadFile(unpacked(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed"))
	if err != nil {
		t.Fatal(err)
	}
	header := int(binary.LittleEndian.Uint32(shim[0x3c:]))
	changed := func(at int, with string) []byte {
		b := bytes.Clone(shim)
		copy(b[at:], with)
		return b
	}
	for _, tt := range []struct {
		name, want string
		content    []byte
	}{
		{"empty", "it is empty", nil},
		{"one byte", "too short for a bootloader", []byte("M")},
		{"text", "no bootloader that Spur knows: it begins with \"#!ipxe\\n\"", []byte("#!ipxe\n")},
		{"cut off", "it is cut off or damaged", shim[:len(shim)/2]},
		{"another processor", "it is for PE machine type 0x1f0, which is none of EFI's", changed(header+4, "\xf0\x01")},
		{"a program for Windows", "it is no EFI binary: PE subsystem 3", changed(header+24+68, "\x03")},
	} {
		if _, err := Identify(bytes.NewReader(tt.content), int64(len(tt.content))); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Identify(strings.NewReader("#!ipxe\n"), 7); !errors.Is(err, ErrUnknown) {
		t.Errorf("a text is an error of another kind: %v", err)
	}
}

// A signature that is wrong, or can't be read, leaves a file what it is, unsigned.
func TestIdentifyCorruptSignature(t *testing.T) {
	shim, err := os.ReadFile(unpacked(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed"))
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Clone(shim)
	text[0x21000] ^= 1
	table := bytes.Clone(shim)
	copy(table[len(table)-16<<10:], bytes.Repeat([]byte{0xff}, 16<<10))
	for name, content := range map[string][]byte{"of another content": text, "unreadable": table} {
		id, err := Identify(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if id.Kind != route.KindShim || id.Signed() || len(id.Faults) == 0 && len(id.Signatures) == 0 {
			t.Errorf("%s: %+v", name, id)
		}
		if name == "of another content" && !strings.Contains(id.Signatures[0].Fault, "was changed since") {
			t.Errorf("%s: %+v", name, id.Signatures)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	for _, g := range debians {
		b, err := os.ReadFile(unpacked(f, g.row, g.file))
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 96<<10 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := Identify(bytes.NewReader(b), int64(len(b)))
		if again, _ := Identify(bytes.NewReader(b), int64(len(b))); err == nil && line(id) != line(again) {
			t.Error("it is not always the same")
		}
	})
}

func FuzzGRUBModules(f *testing.F) {
	f.Add([]byte("mimg\x0c\x00\x00\x00\x1c\x00\x00\x00\x03\x00\x00\x00\x10\x00\x00\x00/grub\x00\x00\x00"), false)
	f.Fuzz(func(t *testing.T, b []byte, wide bool) {
		_ = eachModule(b, wide, func(kind uint32, content []byte) { _ = moduleName(content) })
	})
}
