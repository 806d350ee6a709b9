package image

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// addresses are those of a header of the first version: its own, where what is loaded
// begins and ends, where its memory ends, and where it begins to run.
func addresses(all ...uint32) (text string) {
	for _, a := range all {
		text += le32(a)
	}
	return text
}

// withAddresses is a header with other addresses.
func withAddresses(all ...uint32) string {
	return header1(1 << 16)[:12] + addresses(all...)
}

// loads gives an ELF file of 32 bits two parts: from and how much each.
func loads(from1, n1, from2, n2 uint32) []byte {
	b := elfFile(32, map[int]string{0x1000: header1(3)})
	copy(b[44:], le16(2))
	for i, l := range [][2]uint32{{from1, n1}, {from2, n2}} {
		copy(b[52+32*i:], le32(elfLoad)+le32(0x1000)+le32(l[0])+le32(l[0])+le32(0x100)+le32(l[1]))
	}
	return b
}

// header1 is a header of the first version, with addresses where those are flagged.
func header1(flags uint32) string {
	return le32(magic1) + le32(flags) + le32(-(magic1 + flags)) + addresses(0x100000, 0x100000, 0, 0, 0x100000)
}

// header2 is one of the second version with tags, the end tag excepted.
func header2(tags string) string {
	tags += le32(0) + le32(8)
	length := uint32(16 + len(tags))
	return le32(magic2) + le32(0) + le32(length) + le32(-(magic2 + length)) + tags
}

// tag2 is a tag of a header of the second version, with fields of 32 bits.
func tag2(kind uint32, fields ...uint32) string {
	tag := le32(kind) + le32(uint32(tagHeader+4*len(fields))) + addresses(fields...)
	return tag + strings.Repeat("\x00", -len(tag)&(align2-1))
}

// flat2 is a flat file of 4 KiB with a header of the second version at 16.
func flat2(tags ...string) []byte {
	return blank(4096, map[int]string{16: header2(strings.Join(tags, ""))})
}

// TestFlatMultiboot2 takes flat kernels by their address tags: what they say of the place is told,
// and what leaves it open isn't wrong.
func TestFlatMultiboot2(t *testing.T) {
	const low = ", to be loaded at 0x90000, where loaders may be themselves"
	for _, test := range []struct {
		name string
		file []byte
		told string
	}{
		{"all addresses", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0x108000), tag2(3, 0x100040)), ""},
		{"from its beginning", flat2(tag2(2, 0x100010, 0xffffffff, 0, 0), tag2(3, 0x100000)), ""},
		{"movable", flat2(tag2(2, 0x9f810, 0x9f800, 0xa0800, 0), tag2(3, 0x9f840), tag2(10, 0x100000, 0xffffffff, 0x1000, 0)), ""},
		{"low", flat2(tag2(2, 0x90010, 0x90000, 0, 0), tag2(3, 0x90040)), low},
	} {
		found, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
		if err != nil || found.Format != Multiboot2 || strings.HasSuffix(found.Description, low) != (test.told == low) {
			t.Errorf("%s: %+v, %v", test.name, found, err)
		}
	}
}

// TestEntry2 tells kernels that say of UEFI of 64 bits alone where they begin to run.
func TestEntry2(t *testing.T) {
	addressed, entry, kept, efi64 := tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(3, 0x100040), tag2(7), tag2(9, 0x100080)
	first := withAddresses(0x100400, 0x100000, 0x101000, 0, 0x100040)
	both := func(tags ...string) []byte {
		return blank(4096, map[int]string{16: header2(strings.Join(tags, "")), 0x400: first})
	}
	const alone = "Multiboot 2 kernel, x86-64, for UEFI alone"
	for _, test := range []struct {
		name  string
		file  []byte
		efi64 bool
		text  string
	}{
		{"for UEFI of 64 bits", flat2(addressed, kept, efi64), true, alone},
		{"and of 32 bits, which no GRUB takes", flat2(addressed, kept, tag2(8|1<<16, 0x100060), efi64), true, alone},
		{"version 1, the other one with an unknown tag", elfFile(32, map[int]string{0x1000: header1(3), 0x1100: header2(tag2(11))}), false, "Multiboot kernel, x86 (32 bits)"},
		{"with an unknown tag that is optional", elfFile(32, map[int]string{0x1000: header2(tag2(11 | tagOptional<<16))}), false, "Multiboot 2 kernel, x86 (32 bits)"},
		{"for all", flat2(addressed, entry, kept, efi64), false, "Multiboot 2 kernel, x86 (32 bits)"},
		{"an ELF file", elfFile(32, map[int]string{0x1000: header2(kept + efi64)}), false, "Multiboot 2 kernel, x86 (32 bits)"},
		{"an ELF file with addresses", elfFile(32, map[int]string{0x1000: header2(tag2(2, 0x101000, 0x100000, 0, 0) + kept + tag2(9, 0x101080))}), true, alone},
		{"both versions", both(addressed, kept, efi64), true, "Multiboot 1 and 2 kernel, x86 (32 bits)"},
		{"version 1, the other one without an entry", both(addressed), false, "Multiboot kernel, x86 (32 bits)"},
		{"version 1 of an ELF file, the other one without an entry", elfFile(32, map[int]string{0x1000: header1(3), 0x1100: header2(addressed + efi64)}), false, "Multiboot kernel, x86 (32 bits)"},
	} {
		found, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
		if err != nil || found.EntryEFI64 != test.efi64 || found.Description != test.text {
			t.Errorf("%s: %+v, %v", test.name, found, err)
		}
	}
}

// elfFile is a program for x86 of 48 KiB, with one part that is loaded.
func elfFile(bits int, at map[int]string) []byte {
	b := blank(48<<10, at)
	if bits == 32 {
		copy(b, "\x7fELF\x01\x01\x01")
		copy(b[16:], le16(elfProgram)+le16(elf386)+le32(1)+le32(0x100000)+le32(52))
		copy(b[44:], le16(1))
		copy(b[52:], le32(elfLoad)+le32(0x1000)+le32(0x100000)+le32(0x100000)+le32(40<<10))
		return b
	}
	copy(b, "\x7fELF\x02\x01\x01")
	copy(b[16:], le16(elfProgram)+le16(elfX86_64)+le32(1))
	copy(b[32:], le32(64)+le32(0))
	copy(b[56:], le16(1))
	copy(b[64:], le32(elfLoad)+le32(5)+le32(0x1000)+le32(0))
	copy(b[64+32:], le32(40<<10)+le32(0))
	return b
}

func TestMultiboot(t *testing.T) {
	for _, test := range []struct {
		name         string
		file         []byte
		format       string
		arch         boot.Arch
		packed, text string
	}{
		{"32 bits", elfFile(32, map[int]string{0x1000: header1(3)}), Multiboot1, boot.X86, "", "Multiboot kernel, x86 (32 bits)"},
		{"64 bits", elfFile(64, map[int]string{0x1ff4: header1(0)[:12]}), Multiboot1, boot.X64, "", "Multiboot kernel, x86-64"},
		{"64 bits with addresses", elfFile(64, map[int]string{0x1000: header1(1 << 16)}), Multiboot1, boot.X86, "", "Multiboot kernel, x86 (32 bits)"},
		{"flat with addresses", blank(4096, map[int]string{16: header1(1<<16 | 2)}), Multiboot1, boot.X86, "", "Multiboot kernel, x86 (32 bits)"},
		{"version 2", elfFile(32, map[int]string{0x7fe0: header2(le32(7) + le32(8))}), Multiboot2, boot.X86, "", "Multiboot 2 kernel, x86 (32 bits)"},
		{"both", elfFile(64, map[int]string{0x1000: header2(""), 0x1100: header1(2)}), MultibootBoth, boot.X64, "", "Multiboot 1 and 2 kernel, x86-64"},
		{"in low memory", loads(0x8000, 0x1000, 0x100000, 0x1000), Multiboot1, boot.X86, "", "Multiboot kernel, x86 (32 bits), to be loaded at 0x8000, where loaders may be themselves"},
		{"flat with all addresses", blank(4096, map[int]string{16: withAddresses(0x100010, 0x100000, 0x101000, 0x110000, 0x100040)}), Multiboot1, boot.X86, "", "Multiboot kernel, x86 (32 bits)"},
		{"packed", gzipped(t, elfFile(32, map[int]string{0x1000: header1(3)})), Multiboot1, boot.X86, "gzip", "Multiboot kernel, x86 (32 bits), compressed with gzip"},
	} {
		got, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
		want := Found{Kind: boot.KindMultiboot, Arch: test.arch, Format: test.format, Compression: test.packed, Description: test.text}
		if err != nil || got != want {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", test.name, got, err, want)
		}
	}
}

// What was meant for a Multiboot kernel, and is none that a loader takes, is said what
// is wrong with it.
func TestBrokenMultiboot(t *testing.T) {
	wrong := []byte(header1(3))
	wrong[8]++
	wrong2 := []byte(header2(""))
	wrong2[12]++
	length := uint32(24)
	endless := le32(magic2) + le32(0) + le32(length) + le32(-(magic2 + length)) + le32(4) + le32(8)
	for _, test := range []struct {
		name        string
		file        []byte
		looks, hint string
	}{
		{"no header", elfFile(64, nil), "an ELF file of 64 bits without a Multiboot header", "first 8 KiB"},
		{"checksum", elfFile(32, map[int]string{0x1000: string(wrong)}), "its Multiboot header at 4096 has a wrong checksum, 0xe4524ffc", "here 0xe4524ffb"},
		{"checksum of version 2", elfFile(32, map[int]string{0x1000: string(wrong2)}), "its header of Multiboot 2 at 4096 has a wrong checksum", "here 0x17adaf12"},
		{"not aligned", elfFile(32, map[int]string{0x1002: header1(3)}), "at 4098 isn't aligned to 4 bytes", "first in the linker script"},
		{"version 2, not aligned", elfFile(32, map[int]string{0x1004: header2("")}), "at 4100 isn't aligned to 8 bytes", "first in the linker script"},
		{"too far", elfFile(32, map[int]string{0x2000: header1(3)}), "is at 8192, and loaders look for it in the first 8192 bytes", "first in the linker script"},
		{"version 2, too far", elfFile(32, map[int]string{0x8000: header2("")}), "is at 32768, and loaders look for it in the first 32768 bytes", "first in the linker script"},
		{"demands", elfFile(32, map[int]string{0x1000: header1(3 | 1<<5)}), "demands what no loader has (flags 0x20)", "0, 1 and 2"},
		{"no end tag", elfFile(32, map[int]string{0x1000: endless}), "no end tag", "end tag"},
		{"tag without a size", elfFile(32, map[int]string{0x1000: header2(le32(4) + le32(0))}), "a tag whose size is wrong", "end tag"},
		{"MIPS", blank(4096, map[int]string{64: le32(magic2) + le32(4) + le32(24) + le32(-(magic2+28)&0xffffffff) + le32(0) + le32(8)}), "for another kind of machine (architecture 4, MIPS)", "built for PCs"},
		{"flat, checksum", blank(4096, map[int]string{16: le32(magic1) + le32(1<<16|2) + le32(5)}), "a flat file, and its Multiboot header at 16 has a wrong checksum", "here 0xe4514ffc"},
		{"flat, not aligned", blank(4096, map[int]string{18: header1(1 << 16)}), "at 18 isn't aligned to 4 bytes", "linker script"},
		{"flat, too far", blank(48<<10, map[int]string{0x3000: header1(1 << 16)}), "is at 12288, and loaders look for it", "linker script"},
		{"flat, without addresses", blank(4096, map[int]string{16: header1(3)}), "at 16 doesn't say where it is to be loaded", "flag 16"},
		{"flat, without an address tag", blank(4096, map[int]string{16: header2("")}), "at 16 doesn't say where it is to be loaded", "type 2"},
		{"flat, before the file", blank(4096, map[int]string{16: withAddresses(0x100020, 0x100000, 0, 0, 0x100040)}), "would begin before the file", "load_addr"},
		{"flat, ends early", blank(4096, map[int]string{16: withAddresses(0x100010, 0x100000, 0x100008, 0, 0x100004)}), "ends at 0x100008, before the header", "load_end_addr"},
		{"flat, memory ends early", blank(4096, map[int]string{16: withAddresses(0x100010, 0x100000, 0x101000, 0x100800, 0x100040)}), "memory ends at 0x100800", "bss_end_addr"},
		{"flat, runs elsewhere", blank(4096, map[int]string{16: withAddresses(0x100010, 0x100000, 0x101000, 0, 0x200000)}), "begins to run at 0x200000", "entry_addr"},
		{"flat, cut off", blank(4096, map[int]string{16: withAddresses(0x100010, 0x100000, 0x102000, 0, 0x100040)}), "8192 bytes are to be loaded", "again"},
		{"flat, over the BIOS", blank(4096, map[int]string{16: withAddresses(0x9f810, 0x9f800, 0xa0800, 0, 0x9f840)}), "from 0x9f800 to 0xa0800, where PCs have their BIOS", "1 MiB"},
		{"flat, version 2, before the file", flat2(tag2(2, 0x100020, 0x100000, 0, 0), tag2(3, 0x100040)), "would begin before the file", "load_addr"},
		{"flat, version 2, ends early", flat2(tag2(2, 0x100010, 0x100000, 0x100008, 0), tag2(3, 0x100004)), "ends at 0x100008, before the header", "load_end_addr"},
		{"flat, version 2, memory ends early", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0x100800), tag2(3, 0x100040)), "memory ends at 0x100800", "bss_end_addr"},
		{"flat, version 2, runs elsewhere", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(3, 0x200000)), "begins to run at 0x200000", "entry_addr"},
		{"flat, version 2, runs nowhere", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0)), "doesn't say where it begins to run", "type 3"},
		{"flat, version 2, runs nowhere without boot services", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(9, 0x100040)), "doesn't say where it begins to run", "type 3"},
		{"flat, version 2, runs on no firmware of 32 bits", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(7), tag2(8|1<<16, 0x100040)), "doesn't say where it begins to run", "type 3"},
		{"flat, version 2, both versions without a place", blank(4096, map[int]string{16: header2(tag2(2, 0x100010, 0x100000, 0, 0)), 0x400: header1(3)}), "doesn't say where it begins to run", "type 3"},
		{"flat, version 2, runs elsewhere on UEFI", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(3, 0x100040), tag2(7), tag2(9, 0x200000)), "begins to run at 0x200000", "entry_addr"},
		{"flat, version 2, demands the entry of UEFI of 32 bits", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(3, 0x100040), tag2(8, 0x100060)), "demands what no loader has (tag type 8)", "optional"},
		{"version 2, demands an unknown tag", elfFile(32, map[int]string{0x1000: header2(tag2(11))}), "demands what no loader has (tag type 11)", "optional"},
		{"flat, version 2, a short address tag", flat2(tag2(2, 0x100010, 0x100000, 0x101000), tag2(3, 0x100040)), "a tag of type 2 with 20 bytes, of which it needs 24", "each tag has its size"},
		{"flat, version 2, a short entry tag", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(3)), "a tag of type 3 with 8 bytes, of which it needs 12", "each tag has its size"},
		{"flat, version 2, a short entry tag of UEFI's", flat2(tag2(2, 0x100010, 0x100000, 0x101000, 0), tag2(7), tag2(9)), "a tag of type 9 with 8 bytes, of which it needs 12", "each tag has its size"},
		{"version 2, a short tag of an ELF file", elfFile(32, map[int]string{0x1000: header2(tag2(10, 0x100000, 0xffffffff))}), "a tag of type 10 with 16 bytes, of which it needs 24", "each tag has its size"},
		{"flat, version 2, cut off", flat2(tag2(2, 0x100010, 0x100000, 0x102000, 0), tag2(3, 0x100040)), "8192 bytes are to be loaded", "again"},
		{"flat, version 2, over the BIOS", flat2(tag2(2, 0x9f810, 0xffffffff, 0xa0800, 0), tag2(3, 0x9f840)), "from 0x9f800 to 0xa0800, where PCs have their BIOS", "1 MiB"},
		{"version 2, an ELF file with addresses", elfFile(32, map[int]string{0x1000: header2(tag2(2, 0x100000, 0x100000, 0, 0) + tag2(3, 0x80000))}), "begins to run at 0x80000", "entry_addr"},
		{"over the BIOS", loads(0xf0000, 0x1000, 0x100000, 0x1000), "from 0xf0000 to 0xf1000, where PCs have their BIOS", "1 MiB"},
		{"over each other", loads(0x100000, 0x2000, 0x101000, 0x1000), "over each other, at 0x100000 and 0x101000", "linker script"},
		{"beyond 4 GiB", loads(0xffffff00, 0x1000, 0x100000, 0x1000), "beyond 4 GiB", "physical"},
		{"cut off", elfFile(32, map[int]string{0x1000: header1(3)})[:40<<10], "40960 of at least 45056 bytes", "again"},
	} {
		_, err := Look(bytes.NewReader(test.file), int64(len(test.file)))
		var m *Mismatch
		if !errors.As(err, &m) || !strings.Contains(m.Looks, test.looks) || !strings.Contains(m.Hint, test.hint) {
			t.Errorf("%s: %v, %+v", test.name, err, m)
		}
	}
}

func FuzzMultiboot(f *testing.F) {
	f.Add([]byte(header1(1<<16)), elfFile(32, nil)[:128])
	f.Add([]byte(header2(le32(2)+le32(24)+strings.Repeat("x", 16))), elfFile(64, nil)[:128])
	f.Add([]byte(header2(tag2(2, 0x100010, 0xffffffff, 0, 0)+tag2(3, 0x100040))), []byte{})
	f.Add([]byte(header2(tag2(2, 0x100010, 0x100000, 0, 0)+tag2(7)+tag2(9, 0x100040))), []byte{})
	f.Add([]byte(header2(tag2(2, 0x100010, 0x100000)+tag2(3))), []byte{})
	f.Fuzz(func(t *testing.T, header, start []byte) {
		h := append(make(head, 0, 1<<12), start...)
		for len(h)%align2 != 0 {
			h = append(h, 0)
		}
		h = append(h, header...)
		found, ok := multiboot(h)
		if ok && (found.Kind != boot.KindMultiboot || found.Format == "" || h.elf().size < 0) {
			t.Errorf("%+v", found)
		}
		if placed, err := h.placed(found, int64(len(h))); ok && err == nil && !strings.HasPrefix(placed.Description, found.Description) {
			t.Errorf("%+v", placed)
		}
		if m := flatMismatch(h); m != nil && (m.Looks == "" || m.Hint == "") {
			t.Errorf("%+v", m)
		}
		if m := elfMismatch(h); m.Looks == "" || m.Hint == "" {
			t.Errorf("%+v", m)
		}
	})
}
