package image

import (
	"bytes"
	"strings"
	"testing"
)

func TestLookInitrd(t *testing.T) {
	early := cpioArchive("kernel", "kernel/x86", "kernel/x86/microcode", "kernel/x86/microcode/GenuineIntel.bin")
	zeros := make([]byte, 300)
	kernel := x86Kernel(0x020f, 0x7f, peX64, "6.1")
	many := make([]string, earlyMost+10)
	for i := range many {
		many[i] = "kernel/x86/microcode/x"
	}
	for _, test := range []struct {
		name          string
		file          []byte
		want, warning string
	}{
		{"cpio", cpioArchive("init"), "initrd (cpio archive)", ""},
		{"cpio in gzip", gzipped(t, cpioArchive("init")), "initrd (gzip)", ""},
		{"xz", []byte("\xfd7zXZ\x00\x00\x04"), "initrd (xz)", ""},
		{"zstd", []byte("\x28\xb5\x2f\xfd\x04"), "initrd (zstd)", ""},
		{"lz4 legacy", []byte("\x02\x21\x4c\x18"), "initrd (lz4)", ""},
		{"lz4 frame", []byte("\x04\x22\x4d\x18"), "file compressed with lz4", "lz4 -l"},
		{"lzma", []byte("\x5d\x00\x00\x80\x00"), "initrd (lzma)", ""},
		{"bzip2", []byte("BZh91AY"), "initrd (bzip2)", ""},
		{"lzo", []byte("\x89LZO\x00\r\n\x1a\n"), "initrd (lzo)", ""},
		{"ext2", blank(2048, map[int]string{0x438: "\x53\xef"}), "initrd (ext2 file system)", ""},
		{"microcode and gzip", join(early, zeros, gzipped(t, cpioArchive("init"))), "initrd (gzip) behind CPU microcode or ACPI tables", ""},
		{"microcode and cpio", join(early, cpioArchive("init")), "initrd (cpio archive) behind CPU microcode or ACPI tables", ""},
		{"microcode alone", join(early, zeros), "CPU microcode or ACPI tables (cpio archive)", ""},
		{"microcode, cut off", early[:len(early)-150], "CPU microcode or ACPI tables (cpio archive)", ""},
		{"microcode and rubbish", join(early, zeros, []byte{1, 2, 3}), "file of another kind behind CPU microcode or ACPI tables", "hardly"},
		{"more entries than an early archive has", cpioArchive(many...), "initrd (cpio archive)", ""},
		{"damaged cpio", []byte("070701" + strings.Repeat("z", 200)), "initrd (cpio archive)", ""},
		{"kernel", kernel, "Linux kernel 6.1, x86-64, EFI stub", "this is a Linux kernel 6.1, x86-64, EFI stub, not an initrd"},
		{"kernel in gzip", gzipped(t, imageFile("ARM\x64", 0)), "Linux kernel, arm64, compressed with gzip", ", not an initrd"},
		{"script", []byte("#!ipxe\n"), "iPXE script", "this is an iPXE script, not an initrd"},
		{"Multiboot", elfFile(32, map[int]string{0x1000: header1(3)}), "Multiboot kernel, x86 (32 bits)", "this is a Multiboot kernel, x86"},
		{"Xen", xenX64(t), "Xen for UEFI 4.17, x86-64", "this is Xen for UEFI 4.17, x86-64, not an initrd"},
		{"web page", []byte("<html><title>Login</title>"), "file of another kind", "web page"},
		{"nothing", nil, "file of another kind", "empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := LookInitrd(bytes.NewReader(test.file), int64(len(test.file)))
			if err != nil {
				t.Fatal(err)
			}
			if got.Description != test.want || !strings.Contains(got.Warning, test.warning) || (got.Warning == "") != (test.warning == "") {
				t.Errorf("got %+v, want %q with warning %q", got, test.want, test.warning)
			}
			if got.Warning != "" && !strings.Contains(got.Warning, "; ") {
				t.Errorf("%q has no advice", got.Warning)
			}
		})
	}
}
