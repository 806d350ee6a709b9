package image

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestLookRecognisesWhatBoots(t *testing.T) {
	const release = "6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP"
	for _, test := range []struct {
		name string
		file []byte
		want Found
	}{
		{"x86-64 with EFI stub", x86Kernel(0x020f, 0x7f, peX64, release),
			Found{boot.KindLinux, boot.X64, BzImage, "6.1.0-56-cloud-amd64", true, true, "", false, "Linux kernel 6.1.0-56-cloud-amd64, x86-64, EFI stub", boot.Extent{}, false, false}},
		{"x86-64 without mixed mode", x86Kernel(0x020f, 0x7b, peX64, release),
			Found{boot.KindLinux, boot.X64, BzImage, "6.1.0-56-cloud-amd64", true, false, "", false, "Linux kernel 6.1.0-56-cloud-amd64, x86-64, EFI stub", boot.Extent{}, false, false}},
		{"x86-64 with mixed mode, but no handover", compat(x86Kernel(0x020f, 0x63, peX64, release)),
			Found{boot.KindLinux, boot.X64, BzImage, "6.1.0-56-cloud-amd64", true, true, "", false, "Linux kernel 6.1.0-56-cloud-amd64, x86-64, EFI stub", boot.Extent{}, false, false}},
		{"x86-64, signed", signed(x86Kernel(0x020f, 0x7f, peX64, release)),
			Found{boot.KindLinux, boot.X64, BzImage, "6.1.0-56-cloud-amd64", true, true, "", true, "Linux kernel 6.1.0-56-cloud-amd64, x86-64, EFI stub, signed", boot.Extent{}, false, false}},
		{"x86-64 without EFI stub", x86Kernel(0x020f, 1, 0, release),
			Found{boot.KindLinux, boot.X64, BzImage, "6.1.0-56-cloud-amd64", false, false, "", false, "Linux kernel 6.1.0-56-cloud-amd64, x86-64", boot.Extent{}, false, false}},
		{"x86-64 that can't be moved", fixed(x86Kernel(0x020c, 9, peX64, "Memtest86+ v6.10")),
			Found{boot.KindLinux, boot.X64, FixedBzImage, "Memtest86+", true, false, "", false, "Linux kernel Memtest86+, x86-64, EFI stub", boot.Extent{}, false, false}},
		{"32 bits", x86Kernel(0x020f, 0, peX86, "6.1.0-9-686"),
			Found{boot.KindLinux, boot.X86, BzImage, "6.1.0-9-686", true, false, "", false, "Linux kernel 6.1.0-9-686, x86 (32 bits), EFI stub", boot.Extent{}, false, false}},
		{"old protocol, architecture unknown", x86Kernel(0x0205, 1, 0, "2.6.18"),
			Found{boot.KindLinux, "", BzImage, "2.6.18", false, false, "", false, "Linux kernel 2.6.18", boot.Extent{}, false, false}},
		{"version with a terminal's escapes", x86Kernel(0x020f, 1, 0, "6.1\x1b[2J\x07 x"),
			Found{boot.KindLinux, boot.X64, BzImage, "6.1[2J", false, false, "", false, "Linux kernel 6.1[2J, x86-64", boot.Extent{}, false, false}},
		{"arm64", imageFile("ARM\x64", 0),
			Found{boot.KindLinux, boot.ARM64, Image, "", false, false, "", false, "Linux kernel, arm64", boot.Extent{}, false, false}},
		{"arm64 with EFI stub", imageFile("ARM\x64", peARM64),
			Found{boot.KindLinux, boot.ARM64, Image, "", true, false, "", false, "Linux kernel, arm64, EFI stub", boot.Extent{}, false, false}},
		{"arm64 in gzip", gzipped(t, imageFile("ARM\x64", peARM64)),
			Found{boot.KindLinux, boot.ARM64, Image, "", true, false, "gzip", false, "Linux kernel, arm64, EFI stub, compressed with gzip", boot.Extent{}, false, false}},
		{"riscv64", imageFile("RSC\x05", peRISCV64),
			Found{boot.KindLinux, boot.RISCV64, Image, "", true, false, "", false, "Linux kernel, riscv64, EFI stub", boot.Extent{}, false, false}},
		{"riscv, bits unknown", imageFile("RSC\x05", 0),
			Found{boot.KindLinux, boot.RISCV64, Image, "", false, false, "", false, "Linux kernel, riscv64", boot.Extent{}, false, false}},
		{"riscv32", imageFile("RSC\x05", peRISCV32),
			Found{boot.KindLinux, boot.RISCV32, Image, "", true, false, "", false, "Linux kernel, riscv32, EFI stub", boot.Extent{}, false, false}},
		{"loongarch", imageFile(linuxPE, peLOONG64),
			Found{boot.KindLinux, boot.LOONG64, Image, "", true, false, "", false, "Linux kernel, loong64, EFI stub", boot.Extent{}, false, false}},
		{"32-bit ARM", blank(64, map[int]string{0x24: "\x18\x28\x6f\x01"}),
			Found{boot.KindLinux, boot.ARM, ZImage, "", false, false, "", false, "Linux kernel, ARM (32 bits)", boot.Extent{}, false, false}},
		{"arm64 zboot", zbootFile(peARM64, 5000),
			Found{boot.KindLinux, boot.ARM64, Zboot, "", true, false, "", false, "Linux kernel, arm64, self-unpacking, EFI stub", boot.Extent{}, false, false}},
		{"EFI application", bytes.ReplaceAll(uki(subsystemApplication), []byte(".linux"), []byte(".other")),
			Found{boot.KindEFI, boot.X64, EFI, "", false, false, "", false, "EFI application, x86-64", boot.Extent{}, false, false}},
		{"UKI", uki(subsystemApplication),
			Found{boot.KindEFI, boot.X64, UKI, "", false, false, "", false, "unified kernel image, x86-64", boot.Extent{}, false, false}},
		{"iPXE script", []byte("#!ipxe\nshell\n"),
			Found{boot.KindScript, "", IPXE, "", false, false, "", false, "iPXE script", boot.Extent{}, false, false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
			if err != nil {
				t.Fatal(err)
			}
			got.Extent = boot.Extent{}
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// What is wrapped twice is said to be, and an empty disk.
func TestWrapped(t *testing.T) {
	packed := gzipped(t, blank(4096, map[int]string{100: "a disk"}))
	tar := blank(1024, map[int]string{257: "ustar"})
	for _, test := range []struct {
		name        string
		file        []byte
		looks, hint string
	}{
		{"gzip in gzip", gzipped(t, packed), "a gzip file in a compressed one", "unpack both"},
		{"tar in gzip", gzipped(t, tar), "a tar file in a compressed one", "unpack both"},
		{"VDI", blank(4096, map[int]string{0: "<<< Oracle VM VirtualBox Disk Image >>>"}), "a VDI disk image", "qemu-img convert -f vdi"},
		{"gzip in zip", blank(4096, map[int]string{0: "PK\x03\x04"}), "a zip archive", "unpack it"},
		{"zeros", blank(4096, nil), "an empty disk", "--as disk"},
	} {
		_, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
		var m *Mismatch
		if !errors.As(err, &m) || !strings.HasPrefix(m.Looks, test.looks) || !strings.Contains(m.Hint, test.hint) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestLookFindsDisks(t *testing.T) {
	gpt := blank(1024, map[int]string{510: "\x55\xaa", 512: "EFI PART"})
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"ISO", blank(40<<10, map[int]string{0x8001: "CD001"}), "an ISO 9660 image"},
		{"hybrid ISO", blank(40<<10, map[int]string{0x8001: "CD001", 510: "\x55\xaa"}), "an ISO 9660 image"},
		{"qcow2", []byte("QFI\xfb\x00\x00\x00\x03"), "a qcow2 disk image"},
		{"boot sector", blank(512, map[int]string{510: "\x55\xaa"}), "a disk image or boot sector"},
		{"GPT disk", gpt, "a disk image with GPT partitions"},
		{"GPT disk in gzip", gzipped(t, gpt), "a disk image with GPT partitions, compressed"},
		{"qcow2 in gzip", gzipped(t, []byte("QFI\xfb\x00\x00\x00\x03")), "a qcow2 disk image, compressed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
			if err != nil || found.Kind != boot.KindDisk || found.Description != test.want {
				t.Errorf("got %+v, %v", found, err)
			}
		})
	}
}

func TestLookSaysWhatElseItIs(t *testing.T) {
	kernel := x86Kernel(0x020f, 0x7f, peX64, "6.1")
	for _, test := range []struct {
		name        string
		file        []byte
		looks, hint string
	}{
		{"nothing", nil, "an empty file", "download"},
		{"cut bzImage", kernel[:8<<10], "beginning of a kernel: 8192 of at least 12288 bytes", "again"},
		{"cut zboot", zbootFile(peARM64, 5000)[:5000], "beginning of a kernel: 5000 of at least 9096", "again"},
		{"vmlinux", []byte("\x7fELF\x02\x01\x01"), "an ELF file", "vmlinuz"},
		{"initrd", cpioArchive("init"), "a cpio archive", "swap"},
		{"initrd in gzip", gzipped(t, cpioArchive("init")), "gzip-compressed: a cpio archive", "swap"},
		{"initrd in xz", []byte("\xfd7zXZ\x00\x00\x04"), "xz-compressed", "swap"},
		{"initrd in zstd", []byte("\x28\xb5\x2f\xfd"), "zstd-compressed", "swap"},
		{"bzImage in gzip", gzipped(t, kernel), "a compressed Linux kernel 6.1, x86-64", "gunzip"},
		{"vmlinux in gzip", gzipped(t, []byte("\x7fELF\x02\x01\x01")), "gzip-compressed: an ELF file", "vmlinuz"},
		{"rubbish in gzip", gzipped(t, []byte("\x01\x02\x03")), "gzip-compressed data of a kind", "swap"},
		{"damaged gzip", []byte("\x1f\x8b\x08"), "a damaged or empty gzip file", "again"},
		{"login page", []byte("\n<!DOCTYPE HTML><html><head><title>\nGuest Login</title>"), `a web page ("guest login")`, "browser"},
		{"text", []byte("Not found: ü\n"), `text that begins with "Not found:"`, "#!ipxe"},
		{"shell script", []byte("#!/bin/sh\n"), `text that begins with "#!/bin/sh"`, "#!ipxe"},
		{"EFI application that is cut off", uki(subsystemApplication)[:0x100], "a damaged EFI application", "again"},
		{"EFI driver", uki(subsystemDriver), "an EFI driver", "application"},
		{"Windows program", uki(3), "a Windows program", "application"},
		{"rubbish", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, "begins with 01 02 03 04 05 06 07 08)", "kernel"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
			var m *Mismatch
			if !errors.As(err, &m) {
				t.Fatalf("got %+v, %v; want a Mismatch", found, err)
			}
			if !strings.Contains(m.Looks, test.looks) || !strings.Contains(m.Hint, test.hint) {
				t.Errorf("it looks like %q, hint %q; want %q and %q", m.Looks, m.Hint, test.looks, test.hint)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

// A URL gives the head of a file, and perhaps not its size.
func TestLookAtHeadOnly(t *testing.T) {
	whole := x86Kernel(0x020f, 0x7f, peX64, "6.1")
	for _, size := range []int64{-1, int64(len(whole))} {
		if _, err := Look(bytes.NewReader(whole[:0x600]), size); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

type brokenReader struct{}

var errBroken = errors.New("broken disk")

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

func TestReadErrors(t *testing.T) {
	if _, err := Look(brokenReader{}, 10); !errors.Is(err, errBroken) {
		t.Errorf("Look: %v", err)
	}
	if _, err := LookInitrd(brokenReader{}, 10); !errors.Is(err, errBroken) {
		t.Errorf("LookInitrd: %v", err)
	}
}

// Deflate can say nothing at great length: the bound is on what is read, too.
func TestGzipThatNeverSaysAnything(t *testing.T) {
	empty := gzipped(t, nil)
	file := bytes.Repeat(empty, headSize/len(empty)*4)
	var m *Mismatch
	if _, err := Look(bytes.NewReader(file), int64(len(file))); !errors.As(err, &m) || !strings.Contains(m.Looks, "empty gzip") {
		t.Errorf("%v", err)
	}
}
