package image

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"testing"

	"github.com/spurboot/spur/internal/cpio"
)

// blank is a file of size bytes with texts at offsets.
func blank(size int, at map[int]string) []byte {
	b := make([]byte, size)
	for offset, text := range at {
		copy(b[offset:], text)
	}
	return b
}

func le16(n uint16) string { return string(binary.LittleEndian.AppendUint16(nil, n)) }
func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }

// x86Kernel is a bzImage of 16 KiB with a PE header where machine is not 0.
func x86Kernel(version, xload, machine uint16, release string) []byte {
	b := blank(16<<10, map[int]string{
		0x1f1: "\x03", 0x1f4: le32((16<<10 - 4*512) / 16), 0x1fe: "\x55\xaa",
		0x202: "HdrS", 0x206: le16(version), 0x20e: le16(0x300), 0x234: "\x01", 0x236: le16(xload),
		0x500: release + "\x00rubbish",
	})
	if machine != 0 {
		addPE(b, machine)
	}
	return b
}

// addPE makes an EFI application of a file, with its header at 0x80.
func addPE(b []byte, machine uint16) {
	copy(b, "MZ")
	copy(b[0x3c:], le32(0x80))
	copy(b[0x80:], "PE\x00\x00"+le16(machine))
}

// signed adds a certificate table to the data directories of a PE32+ file.
func signed(b []byte) []byte {
	const optional = 0x80 + 24
	copy(b[optional:], le16(0x20b))
	copy(b[optional+108:], le32(16))
	copy(b[optional+112+4*8:], le32(0x3000)+le32(0x5c8))
	return b
}

// fixed has a kernel say that it can't be moved.
func fixed(b []byte) []byte {
	b[0x234] = 0
	return b
}

// compat gives a kernel the section in which its entry for firmware of 32 bits is
// written down.
func compat(b []byte) []byte {
	copy(b[0x86:], le16(1))
	copy(b[0x98:], ".compat")
	return b
}

// imageFile is a kernel with a magic number in its Image header.
func imageFile(magic string, machine uint16) []byte {
	b := blank(4096, map[int]string{0x38: magic})
	if machine != 0 {
		addPE(b, machine)
	}
	return b
}

func zbootFile(machine uint16, payload int) []byte {
	b := blank(4096+payload, map[int]string{8: le32(4096), 12: le32(uint32(payload)), 24: "gzip", 0x38: linuxPE})
	addPE(b, machine)
	copy(b[4:], "zimg")
	return b
}

// uki is an EFI application with a section .linux.
func uki(subsystem uint16) []byte {
	b := blank(4096, nil)
	addPE(b, peX64)
	copy(b[0x86:], le16(2))
	copy(b[0x94:], le16(0xf0))
	optional := 0x80 + 24
	copy(b[optional:], le16(0x20b))
	copy(b[optional+33:], []byte{0x10, 0, 0, 0, 2}) // SectionAlignment 0x1000, FileAlignment 0x200
	copy(b[optional+57:], []byte{0x30, 0, 0, 0, 4}) // SizeOfImage 0x3000, SizeOfHeaders 0x400
	copy(b[optional+68:], le16(subsystem))
	copy(b[optional+108:], le16(16)) // NumberOfRvaAndSizes
	table := 0x80 + 24 + 0xf0
	copy(b[table:], ".text")
	copy(b[table+40:], ".linux")
	return b
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// archive is one in the format newc with files of those names.
func cpioArchive(names ...string) []byte {
	var b bytes.Buffer
	w := cpio.NewWriter(&b)
	for _, name := range names {
		w.File(name, 0o644, []byte("body of "+name))
	}
	_ = w.Close() // a buffer takes all
	return b.Bytes()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
