package fat_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/fat"
)

// made is an image by mkfs.fat with files that mtools has put into it.
func made(t testing.TB, size int64, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	image, content := filepath.Join(dir, "fat.img"), filepath.Join(dir, "content")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	check(os.WriteFile(image, nil, 0o600))
	check(os.Truncate(image, size))
	run("mkfs.fat", append(options, image)...)
	check(os.WriteFile(content, bytes.Repeat([]byte("0123456789abcdef"), 3000), 0o600))
	run("mmd", "-i", image, "::EFI", "::EFI/BOOT", "::EFI/a folder with a long name")
	for i := range 40 { // more than one cluster of entries
		run("mcopy", "-i", image, content, fmt.Sprintf("::EFI/BOOT/file%02d.txt", i))
	}
	run("mcopy", "-i", image, content, "::EFI/BOOT/bootriscv64.efi")
	run("mdel", "-i", image, "::EFI/BOOT/file07.txt")
	raw, err := os.ReadFile(image)
	check(err)
	return raw
}

var formats = []struct {
	name    string
	size    int64
	options []string
	bits    int
}{
	{"12", 1440 << 10, nil, 12},
	{"12 of a large cluster", 8 << 20, []string{"-F12"}, 12},
	{"16", 40 << 20, []string{"-F16"}, 16},
	{"32", 70 << 20, []string{"-F32", "-s1"}, 32},
	{"32 of 4096 bytes", 300 << 20, []string{"-F32", "-S4096", "-s1"}, 32},
}

func TestRead(t *testing.T) {
	for _, format := range formats {
		t.Run(format.name, func(t *testing.T) {
			size := format.size
			if format.bits == 12 && size < 2<<20 {
				size = 2880 << 10
			}
			raw := made(t, size, format.options...)
			f, err := fat.Open(bytes.NewReader(raw), int64(len(raw)))
			if err != nil || f.Bits != format.bits {
				t.Fatalf("%+v, %v", f, err)
			}
			all, err := f.ReadFolder("efi/boot")
			if err != nil || len(all) != 40 {
				t.Fatalf("%d entries, %v", len(all), err)
			}
			i := slices.IndexFunc(all, func(e fat.Entry) bool { return e.Name == "bootriscv64.efi" })
			if i < 0 {
				t.Fatalf("no long name among %v", all)
			}
			content, err := f.ReadBeginning(all[i], 1<<20)
			if err != nil || !bytes.Equal(content, bytes.Repeat([]byte("0123456789abcdef"), 3000)) {
				t.Errorf("%d bytes, %v", len(content), err)
			}
			file, err := f.Open("EFI/Boot/BOOTRISCV64.EFI")
			if err != nil {
				t.Fatal(err)
			}
			read := make([]byte, file.Size())
			if _, err := file.ReadAt(read, 0); err != nil || !bytes.Equal(read, content) {
				t.Errorf("read where it lies it has %d bytes, %v", len(read), err)
			}
			if at, n, err := file.Place(20000); err != nil || n < 1 || !bytes.Equal(raw[at:at+n], content[20000:20000+n]) {
				t.Errorf("byte 20000 is at %d with %d bytes, %v", at, n, err)
			}
			if _, err := f.Open("EFI/BOOT/file07.txt"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that was removed: %v", err)
			}
			if content, err := f.ReadBeginning(all[i], 5000); err != nil || len(content) != 5000 {
				t.Errorf("%d bytes of 5000, %v", len(content), err)
			}
			if _, err := f.ReadFolder("EFI/NONE"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a folder that isn't there: %v", err)
			}
			top, err := f.ReadFolder("/EFI")
			if err != nil || len(top) != 2 || !top[0].Folder || top[1].Name != "a folder with a long name" {
				t.Errorf("%+v, %v", top, err)
			}
		})
	}
}

func TestNone(t *testing.T) {
	for _, raw := range [][]byte{nil, make([]byte, 100), make([]byte, 1<<20), bytes.Repeat([]byte{0xEB}, 4096)} {
		if f, err := fat.Open(bytes.NewReader(raw), int64(len(raw))); err == nil || f != nil {
			t.Errorf("%d bytes: %+v", len(raw), f)
		}
	}
}

// A chain that leads back into itself ends at the bound of a folder.
func TestLoop(t *testing.T) {
	raw := made(t, 2880<<10)
	f, err := fat.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	table := raw[512:]
	for i := range 300 { // all clusters of the table lead to the third
		table[3*i], table[3*i+1], table[3*i+2] = 3, 0x30, 0
	}
	if _, err := f.ReadFolder("EFI/BOOT"); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fat.ErrDamaged) {
		t.Error(err)
	}
}

// A folder of nothing but parts of long names takes no more than another.
func TestEndlessName(t *testing.T) {
	raw := made(t, 2880<<10, "-r", "4096")
	f, err := fat.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	part := append([]byte{1}, bytes.Repeat([]byte("x\x00"), 16)[:31]...)
	part[11], part[12], part[13] = 0x0f, 0, 0
	folder := raw[19*512:]
	for i := range 4096 {
		copy(folder[32*i:], part)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if all, err := f.ReadFolder(""); err != nil || len(all) > 0 {
		t.Errorf("%d entries, %v", len(all), err)
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 20<<20 {
		t.Errorf("it took %d bytes of memory", after.TotalAlloc-before.TotalAlloc)
	}
}

// FuzzOpen changes two places of a good file system, and reads whatever is there then.
func FuzzOpen(f *testing.F) {
	images := [][]byte{made(f, 2880<<10)[:64<<10], made(f, 70<<20, "-F32", "-s1")[:600<<10]}
	f.Add(uint8(0), uint32(11), []byte{0, 4}, uint32(512), []byte{0xf0, 0xff, 0xff, 3, 0x40})
	f.Add(uint8(1), uint32(44), []byte{3}, uint32(32*512), []byte{0xf8, 0xff, 0xff, 0xf})
	f.Fuzz(func(t *testing.T, which uint8, at1 uint32, change1 []byte, at2 uint32, change2 []byte) {
		raw := bytes.Clone(images[int(which)%len(images)])
		copy(raw[int64(at1)%int64(len(raw)):], change1)
		copy(raw[int64(at2)%int64(len(raw)):], change2)
		fs, err := fat.Open(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		for _, path := range []string{"", "EFI", "EFI/BOOT"} {
			all, err := fs.ReadFolder(path)
			if err != nil {
				return
			}
			for _, e := range all[:min(len(all), 20)] {
				if b, err := fs.ReadBeginning(e, 64<<10); err == nil && len(b) > 64<<10 {
					t.Errorf("%d bytes", len(b))
				}
				file, err := fs.Open(path + "/" + e.Name)
				if err != nil || file.Size() > 1<<20 {
					continue
				}
				if n, err := io.Copy(io.Discard, file); err != nil || n != file.Size() {
					t.Errorf("%d bytes of %d, %v", n, file.Size(), err)
				}
			}
		}
	})
}
