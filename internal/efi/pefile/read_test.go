package pefile

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
)

// stubX64 is systemd's stub for unified kernel images.
const stubX64 = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

// unpacked is a file of a package that scripts/install has unpacked.
func unpacked(t testing.TB, row, pattern string) string {
	t.Helper()
	path, err := lab.Unpacked(row, pattern)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func shim(t testing.TB) string { return unpacked(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed") }

// binaries are EFI binaries of Debian's packages, of every linker that there is.
func binaries(t testing.TB) []string {
	return []string{
		"/usr/lib/ipxe/snponly.efi", "/boot/ipxe.efi", stubX64, shim(t),
		unpacked(t, "grub-efi-amd64-signed", "usr/lib/grub/*/grubnetx64.efi.signed"),
		unpacked(t, "systemd-boot-efi/trixie", "usr/lib/systemd/boot/efi/linuxx64.efi.stub"),
		unpacked(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"),
	}
}

func read(t testing.TB, path string) ([]byte, *File) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b, f
}

// row is a section in the output of objdump -h.
var row = regexp.MustCompile(`(?m)^ +\d+ (\S+) +([0-9a-f]{8})  ([0-9a-f]{16})  [0-9a-f]{16}  ([0-9a-f]{8})`)

// What binutils say of a file and what Read says is the same.
func TestReadAgainstObjdump(t *testing.T) {
	for _, path := range binaries(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, f := read(t, path)
			out, err := exec.Command("objdump", "-h", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			var want, got []Section
			for _, m := range row.FindAllStringSubmatch(string(out), -1) {
				want = append(want, Section{Name: m[1], VirtualSize: hex(m[2]), VirtualAddress: hex(m[3]), RawOffset: hex(m[4])})
			}
			for _, s := range f.Sections {
				size := uint32(s.Open(nil).Size())
				if s.RawSize == 0 {
					size = s.VirtualSize // memory only, such as .bss
				}
				got = append(got, Section{Name: s.Name, VirtualSize: size, VirtualAddress: s.VirtualAddress, RawOffset: s.RawOffset})
			}
			if len(want) == 0 || len(got) == 0 {
				t.Fatalf("no sections: %v, %v", got, want)
			}
			// objdump's addresses have the image's base added.
			for i, base := 0, want[0].VirtualAddress-got[0].VirtualAddress; i < len(want); i++ {
				want[i].VirtualAddress -= base
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%+v\nwant\n%+v\n%s", got, want, out)
			}
			if f.Machine.Arch() != boot.X64 || f.Subsystem != Application || !f.Wide {
				t.Errorf("%v %v, wide %v", f.Machine, f.Subsystem, f.Wide)
			}
		})
	}
}

func hex(s string) uint32 {
	n, _ := strconv.ParseUint(s, 16, 64)
	return uint32(n)
}

func TestArchitectures(t *testing.T) {
	for _, tt := range []struct {
		row, file string
		arch      boot.Arch
		wide      bool
		room      int
	}{
		{"systemd-boot-efi:arm64", "linuxaa64.efi.stub", boot.ARM64, true, 94},
		{"systemd-boot-efi:i386", "linuxia32.efi.stub", boot.X86, false, 7},
	} {
		_, f := read(t, unpacked(t, tt.row, "usr/lib/systemd/boot/efi/"+tt.file))
		if f.Machine.Arch() != tt.arch || f.Wide != tt.wide || f.Room() != tt.room || f.Subsystem != Application {
			t.Errorf("%s: %v, wide %t, room for %d, %v", tt.file, f.Machine, f.Wide, f.Room(), f.Subsystem)
		}
	}
}

func TestRoom(t *testing.T) {
	if _, f := read(t, stubX64); f.Room() != 7 || f.SectionsEnd() != 0x11400 {
		t.Errorf("room for %d, sections end at %#x", f.Room(), f.SectionsEnd())
	}
}

func TestCertificates(t *testing.T) {
	b, f := read(t, shim(t))
	at, ok := f.CertificateEntryAt()
	if !ok || f.Certificates.End() != f.Size || binary.LittleEndian.Uint32(b[at:]) != uint32(f.Certificates.Offset) {
		t.Errorf("%+v at %d, %t", f.Certificates, at, ok)
	}
}

func TestDamaged(t *testing.T) {
	stub, f := read(t, stubX64)
	signed, s := read(t, shim(t))
	with := func(at int64, bytes ...byte) []byte {
		b := slices.Clone(stub)
		copy(b[at:], bytes)
		return b
	}
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no EFI binary: it has 0 bytes"},
		{"script", []byte(strings.Repeat("#!ipxe\n", 20)), `begins with "#!", not with "MZ"`},
		{"DOS", with(f.header, 'N', 'E'), `at byte 128, where its PE header should be, is "NE\x00\x00"`},
		{"headers far away", with(newHeaderAt, 0, 0, 0, 0x80), "its PE header would end at byte 2147483672, the file has 83297"},
		{"object", with(f.header+20, 0, 0), "its optional header has 0 bytes"},
		{"neither", with(f.optionalAt(), 7, 1), "neither PE32 nor PE32+: the optional header of 240 bytes begins with 0x107"},
		{"many sections", with(f.header+6, 0xff, 0xff), "says that it has 65535 sections; at most 1024 are read"},
		{"too many sections", with(f.header+6, 20, 0), "its 20 section headers don't fit into the 1024 bytes of its headers"},
		{"alignment", with(f.optionalAt()+32, 3), "section alignment, 0x203, is no power of two"},
		{"file alignment", with(f.optionalAt()+36, 0, 0), "file alignment, 0x0, is no power of two"},
		{"large file alignment", with(f.optionalAt()+36, 0, 0, 2), "file alignment, 0x20000, is no power of two up to 64 KiB"},
		{"headers", with(f.optionalAt()+60, 0, 0, 2), "its headers have 131072 bytes, the file 83297"},
		{"cut off in a section", stub[:0x5000], `section ".text" would end at byte 50176, the file has 20480`},
		{"section outside of the image", with(f.SizeOfImageAt(), 0, 0x80, 0, 0), `section ".text" would end at address 0xfff0, its image ends at 0x8000`},
		{"cut off in the header", stub[:140], "its PE header would end at byte 152"},
		{"cut off in the optional header", stub[:200], "its optional header would end"},
		{"cut off in the section table", stub[:500], "its section table would end"},
		{"cut off in the certificates", signed[:s.Size-1], "its certificate table would end at byte 1048504, the file has 1048503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Read(bytes.NewReader(tt.file), int64(len(tt.file))); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A file that became shorter than its size was is an error, not a panic.
func TestShrunk(t *testing.T) {
	stub, f := read(t, stubX64)
	for _, n := range []int64{10, f.header + 3, f.optionalAt() + 9, f.sectionTable() + 5} {
		if _, err := Read(bytes.NewReader(stub[:n]), int64(len(stub))); err == nil || !strings.Contains(err.Error(), "can't be read: EOF") {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := f.Contents(bytes.NewReader(stub[:100]), ".sbat", 1<<10); err == nil {
		t.Error("a section that isn't there was read")
	}
}

func TestContents(t *testing.T) {
	stub, f := read(t, stubX64)
	if b, err := f.Contents(bytes.NewReader(stub), ".sdmagic", 100); err != nil || !strings.HasPrefix(string(b), "#### LoaderInfo: systemd-stub") {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := f.Contents(bytes.NewReader(stub), ".linux", 100); b != nil || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := f.Contents(bytes.NewReader(stub), ".text", 100); err == nil || !strings.Contains(err.Error(), "at most 100") {
		t.Error(err)
	}
}

// counter counts the bytes that are read of a file.
type counter struct {
	io.ReaderAt
	n int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.n += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

func FuzzRead(f *testing.F) {
	for _, path := range binaries(f) {
		b, _ := read(f, path)
		f.Add(b[:2048], int64(len(b)))
		f.Add(b[:2048], int64(2048))
	}
	f.Fuzz(func(t *testing.T, data []byte, size int64) {
		r := &counter{ReaderAt: bytes.NewReader(data)}
		file, err := Read(r, size)
		if r.n > 150<<10 {
			t.Errorf("%d bytes were read", r.n)
		}
		if err != nil {
			return
		}
		for _, s := range file.Sections {
			if s.RawSize > 0 && s.Raw().End() > size || s.Open(r).Size() < 0 {
				t.Errorf("%+v in a file of %d bytes", s, size)
			}
		}
		if file.Room() < 0 || file.SectionsEnd() > size || file.Certificates.Size > 0 && file.Certificates.End() > size {
			t.Errorf("%+v", file)
		}
	})
}
