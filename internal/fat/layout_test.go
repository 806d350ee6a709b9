package fat_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/fat"
)

// whole writes out a file system with contents of random bytes.
func whole(t testing.TB, folder string, names []string, sizes []int64) (image []byte, contents [][]byte) {
	t.Helper()
	var files []fat.Content
	random := rand.NewChaCha8([32]byte{})
	for i, name := range names {
		content := make([]byte, sizes[i])
		_, _ = random.Read(content) // takes all
		files, contents = append(files, fat.Content{Name: name, Size: sizes[i]}), append(contents, content)
	}
	laid, err := fat.Layout(folder, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range laid.Parts {
		switch {
		case p.File >= 0:
			image = append(image, contents[p.File]...)
		case p.Bytes != nil:
			image = append(image, p.Bytes...)
		default:
			image = append(image, make([]byte, p.Size)...)
		}
	}
	if int64(len(image)) != laid.Size {
		t.Fatalf("%d bytes, and it says %d", len(image), laid.Size)
	}
	return image, contents
}

// What is laid out is in order for fsck.fat, and mtools and this package read the files.
func TestLayout(t *testing.T) {
	for name, sizes := range map[string][]int64{
		"small": {1, 0, 600}, "of one cluster each": {512, 512, 512}, "many small clusters": {3 << 20, 5000, 2 << 20}, "large": {3 << 20, 70, 130 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			names := []string{"BOOTX64.EFI", "BOOTX64.CFG", "KERNEL"}
			raw, contents := whole(t, "EFI/BOOT", names, sizes)
			path := filepath.Join(t.TempDir(), "fat.img")
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("fsck.fat", "-n", "-v", path).CombinedOutput(); err != nil || !strings.Contains(string(out), "16 bit entries") {
				t.Errorf("%v: %s", err, out)
			}
			f, err := fat.Open(bytes.NewReader(raw), int64(len(raw)))
			if err != nil || f.Bits != 16 || f.Bytes != int64(len(raw)) {
				t.Fatalf("%+v, %v", f, err)
			}
			for i, name := range names {
				file, err := f.Open("efi/boot/" + strings.ToLower(name))
				if err != nil {
					t.Fatal(err)
				}
				if read, err := io.ReadAll(file); err != nil || !bytes.Equal(read, contents[i]) {
					t.Errorf("%s: %d bytes, %v", name, len(read), err)
				}
				if out, err := exec.Command("mtype", "-i", path, "::EFI/BOOT/"+name).Output(); err != nil || !bytes.Equal(out, contents[i]) {
					t.Errorf("mtools: %s: %d bytes, %v", name, len(out), err)
				}
			}
		})
	}
}

func TestLayoutRefuses(t *testing.T) {
	if _, err := fat.Layout("EFI", []fat.Content{{"A", 1 << 30}, {"B", 1 << 30}}); !errors.Is(err, fat.ErrTooLarge) {
		t.Error(err)
	}
	if laid, err := fat.Layout("EFI", []fat.Content{{"A", 1 << 30}, {"B", 1<<30 - 20<<15}}); err != nil || laid.Size >= 2<<30 {
		t.Errorf("%d, %v", laid.Size, err)
	}
	for name, files := range map[string][]fat.Content{
		"EFI": {{"a.long.name", 1}}, "efi": {{"A", 1}}, "EFI/": nil, "X": {{"BOOTX64.EFI", -1}}, "Y": {{"A", 1 << 32}}, "Z": make([]fat.Content, 1),
	} {
		if _, err := fat.Layout(name, files); err == nil {
			t.Errorf("%s with %v", name, files)
		}
	}
	var many []fat.Content
	for range 20 {
		many = append(many, fat.Content{Name: "A", Size: 1})
	}
	if _, err := fat.Layout("EFI", many); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Error(err)
	}
}

// FuzzLayout lays out files of any sizes: each is where it is read again.
func FuzzLayout(f *testing.F) {
	f.Add(uint32(0), uint32(1), uint32(1<<20))
	f.Add(uint32(512), uint32(5<<20), uint32(8<<20))
	f.Fuzz(func(t *testing.T, one, two, three uint32) {
		const most = 8 << 20
		raw, contents := whole(t, "EFI/BOOT", []string{"A", "B.C", "D"}, []int64{int64(one % most), int64(two % most), int64(three % most)})
		fs, err := fat.Open(bytes.NewReader(raw), int64(len(raw)))
		if err != nil || fs.Bits != 16 {
			t.Fatalf("%+v, %v", fs, err)
		}
		for i, name := range []string{"A", "B.C", "D"} {
			file, err := fs.Open("EFI/BOOT/" + name)
			if err != nil {
				t.Fatal(err)
			}
			if read, err := io.ReadAll(file); err != nil || !bytes.Equal(read, contents[i]) {
				t.Errorf("%s: %d bytes of %d, %v", name, len(read), len(contents[i]), err)
			}
		}
	})
}
