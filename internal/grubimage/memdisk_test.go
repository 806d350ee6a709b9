package grubimage

import (
	"bytes"
	"cmp"
	"debug/pe"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/lab"
)

// efiImages are images that grub-mkimage makes of Debian's modules, by their format.
func efiImages(t testing.TB) map[string][]byte {
	t.Helper()
	tool, err := Tool()
	if err != nil {
		t.Fatal(err)
	}
	images := map[string][]byte{}
	for _, target := range Targets() {
		row, ok := map[string]string{"x86_64-efi": "grub-efi-amd64-bin", "i386-efi": "grub-efi-ia32-bin"}[target.Format]
		if !ok {
			continue
		}
		modules, err := lab.Unpacked(row, "usr/lib/grub")
		if err != nil {
			t.Fatal(err)
		}
		if images[target.Format], err = target.Make(t.Context(), tool, modules, t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	return images
}

// before is what goes before the disk in an image.
func before(m Memdisk, image []byte) (all []byte) {
	for _, p := range m.Before {
		all = append(all, p.Bytes...)
		if p.Bytes == nil {
			all = append(all, image[p.From:p.From+p.Size]...)
		}
	}
	return all
}

// An image with a disk in it is one by the standard library, its sections follow one
// another, and behind its modules comes the disk.
func TestWithMemdisk(t *testing.T) {
	disk := bytes.Repeat([]byte("disk "), 1001)
	for format, image := range efiImages(t) {
		t.Run(format, func(t *testing.T) {
			m, err := WithMemdisk(image, int64(len(disk)))
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Concat(before(m, image), disk, make([]byte, m.After))
			f, err := pe.NewFile(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			var address, offset uint32
			for _, s := range f.Sections {
				if s.VirtualAddress < address || s.Offset < offset || int64(s.Offset)+int64(s.Size) > int64(len(got)) {
					t.Errorf("%+v follows what ends at %#x, in the file at %#x of %#x", s.SectionHeader, address, offset, len(got))
				}
				address, offset = s.VirtualAddress+s.VirtualSize, s.Offset+s.Size
			}
			if int(offset) != len(got) {
				t.Errorf("its sections end at %d, the file at %d", offset, len(got))
			}
			mods, err := f.Section("mods").Data()
			if err != nil {
				t.Fatal(err)
			}
			objects := objectsOf(t, mods, format == "x86_64-efi")
			last := objects[len(objects)-1]
			want := append(bytes.Clone(disk), make([]byte, -len(disk)&(sector-1))...)
			if binary.LittleEndian.Uint32(last) != objMemdisk || !bytes.Equal(last[objectHeader:], want) {
				t.Errorf("of %d modules the last is %x…, %d bytes", len(objects), last[:objectHeader], len(last))
			}
			if old := objectsOf(t, contents(t, image, modsSection), format == "x86_64-efi"); !slices.EqualFunc(old, objects[:len(objects)-1], bytes.Equal) {
				t.Errorf("%d modules have become other %d", len(old), len(objects)-1)
			}
		})
	}
}

// grub-mkimage itself has a disk among the modules with the same header.
func TestMkimageMemdisk(t *testing.T) {
	tool, err := Tool()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := lab.Unpacked("grub-efi-amd64-bin", "usr/lib/grub/x86_64-efi")
	if err != nil {
		t.Fatal(err)
	}
	dir, content := t.TempDir(), bytes.Repeat([]byte("d"), 1024)
	disk, image := filepath.Join(dir, "disk"), filepath.Join(dir, "grub.efi")
	if err := os.WriteFile(disk, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "-O", "x86_64-efi", "-d", modules, "-p", "/grub", "-m", disk, "-o", image, "memdisk").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	want := append(binary.LittleEndian.AppendUint32([]byte{objMemdisk, 0, 0, 0}, objectHeader+1024), content...)
	if !slices.ContainsFunc(objectsOf(t, contents(t, b, modsSection), true), func(o []byte) bool { return bytes.Equal(o, want) }) {
		t.Error("it has no such module")
	}
}

func contents(t *testing.T, image []byte, section string) []byte {
	t.Helper()
	f, err := pefile.Read(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Contents(bytes.NewReader(image), section, int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// objectsOf are the modules in a section with their headers, as GRUB goes through them
// (FOR_MODULES in its include/grub/kernel.h).
func objectsOf(t *testing.T, mods []byte, wide bool) (all [][]byte) {
	t.Helper()
	at, end := uint64(binary.LittleEndian.Uint32(mods[4:])), uint64(binary.LittleEndian.Uint32(mods[8:]))
	if wide {
		at, end = binary.LittleEndian.Uint64(mods[8:]), binary.LittleEndian.Uint64(mods[16:])
	}
	for at < end {
		size := uint64(binary.LittleEndian.Uint32(mods[at+4:]))
		all = append(all, mods[at:at+size])
		at += size
	}
	if at != end {
		t.Errorf("the modules end at %d, and should at %d", at, end)
	}
	return all
}

// What is no image of GRUB's gets no disk, and what is too large for one isn't put in.
func TestWithMemdiskRefused(t *testing.T) {
	image := efiImages(t)["x86_64-efi"]
	other := bytes.Replace(image, []byte("mods\x00"), []byte("nods\x00"), 1)
	damaged := bytes.ReplaceAll(image, []byte(modsMagic), []byte("gone"))
	for name, test := range map[string]struct {
		image []byte
		size  int64
	}{
		"no program": {[]byte("MZ"), 1}, "another program": {other, 1}, "damaged": {damaged, 1}, "cut off": {image[:len(image)/2], 1}, "a large disk": {image, 1 << 31},
	} {
		if m, err := WithMemdisk(test.image, test.size); err == nil {
			t.Errorf("%s: %d bytes before the disk", name, len(before(m, test.image)))
		}
	}
}

func FuzzWithMemdisk(f *testing.F) {
	for _, image := range efiImages(f) {
		f.Add(image[:min(len(image), 4096)], int64(1000))
		small, err := withoutMost(image)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := WithMemdisk(small, 1<<20); err != nil {
			f.Fatal(err)
		}
		f.Add(small, int64(1<<20))
	}
	f.Fuzz(func(t *testing.T, image []byte, size int64) {
		m, err := WithMemdisk(image, size)
		if err != nil {
			return
		}
		begin := before(m, image)
		total := int64(len(begin)) + size + m.After
		if m.After < 0 || total > 1<<32 {
			t.Fatalf("%d bytes before the disk, and %d after it", len(begin), m.After)
		}
		got, err := pefile.Read(sparse(begin), total)
		if err != nil {
			t.Fatalf("what has come of it: %v", err)
		}
		if s, ok := got.Section(modsSection); !ok || s.Raw().End() != total {
			t.Errorf("the modules are %+v of %d", s, total)
		}
	})
}

// withoutMost is an image whose section of modules has nothing but their header.
func withoutMost(image []byte) ([]byte, error) {
	f, err := pefile.Read(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		return nil, err
	}
	word := cmp.Or(map[bool]int{true: 8}[f.Wide], 4)
	small := bytes.Clone(image)
	for i, s := range f.Sections {
		row := small[f.SectionHeaderAt(i):]
		binary.LittleEndian.PutUint32(row[20:], f.SizeOfHeaders)
		binary.LittleEndian.PutUint32(row[16:], 0)
		if s.Name == modsSection {
			binary.LittleEndian.PutUint32(row[16:], f.FileAlignment)
			copy(small[f.SizeOfHeaders:], image[s.RawOffset:][:f.FileAlignment])
			binary.LittleEndian.PutUint32(small[int(f.SizeOfHeaders)+2*word:], uint32(3*word))
		}
	}
	return small[:f.SizeOfHeaders+f.FileAlignment], nil
}

// sparse is what begins so and has zeros behind that.
type sparse []byte

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(s)) {
		copy(p, s[off:])
	}
	return len(p), nil
}
