package iso_test

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/iso"
)

// An image of UDF 2.60 has the files that 7-Zip finds in it.
func TestUDFForms(t *testing.T) {
	b, files := everyForm(true)
	image, err := iso.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if image.Format != "UDF 2.60" || image.Label != "SPUR_TEST" {
		t.Errorf("%s, called %q", image.Format, image.Label)
	}
	sameFiles(t, image, files)
	for name, mode := range map[string]fs.FileMode{"metadata": 0o555, "in two parts": 0o555, "many": fs.ModeDir | 0o555} {
		if info, err := image.Stat(name); err != nil || info.Mode() != mode || !info.ModTime().Equal(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)) {
			t.Errorf("%s: %v, %v, %v", name, info.Mode(), info.ModTime(), err)
		}
	}

	path, dir := filepath.Join(t.TempDir(), "image.udf"), t.TempDir()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "7z", "x", "-o"+dir, path)
	sameFiles(t, os.DirFS(dir), files)
}

// sameFiles looks whether a file system has these files and no others.
func sameFiles(t *testing.T, fsys fs.FS, files map[string]string) {
	t.Helper()
	var got []string
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got = append(got, path)
		b, err := fs.ReadFile(fsys, path)
		if want := files[path]; string(b) != want || err != nil {
			t.Errorf("%s: %d bytes instead of %d, %v", path, len(b), len(want), err)
		}
		return nil
	})
	if want := slices.Sorted(maps.Keys(files)); err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("got %q, want %q, %v", got, want, err)
	}
}

// What 7-Zip doesn't know: metadata in pieces, holes, allocation descriptors that go on
// elsewhere, extended ones, and links.
func TestUDFRareForms(t *testing.T) {
	b, files := everyForm(false)
	image, err := iso.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := image.ReadLink("ünïcode/link"); got != "../ünïcode/☃ snow" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for name, want := range map[string]string{
		"extended": files["extended"], "sparse": files["sparse"], "continued": files["continued"], "many/ of many": "",
		"ünïcode/link": files["ünïcode/☃ snow"], "ÜNÏCODE/☃ SNOW": files["ünïcode/☃ snow"],
	} {
		if got, err := fs.ReadFile(image, name); string(got) != want || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// Empty file systems of other programs, of every size of a block and every revision.
func TestUDFRevisions(t *testing.T) {
	for _, args := range [][]string{
		{"--blocksize=512", "--udfrev=2.01"}, {"--blocksize=2048", "--udfrev=1.02"}, {"--blocksize=2048", "--udfrev=1.50"}, {"--blocksize=2048", "--udfrev=2.00"},
		{"--blocksize=4096", "--udfrev=2.01"}, {"--media-type=dvdram"}, {"--media-type=cdrw"},
	} {
		path := filepath.Join(t.TempDir(), "image.udf")
		run(t, "truncate", "-s", "64M", path)
		run(t, "mkudffs", append(args, "--label=SPUR_TEST", path)...)
		image := open(t, path)
		if image.Label != "SPUR_TEST" {
			t.Errorf("%q: %s, called %q", args, image.Format, image.Label)
		}
		if _, err := fs.ReadDir(image, "."); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// A disc that was written piece by piece is none that is read here.
func TestUDFVirtual(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.udf")
	run(t, "truncate", "-s", "64M", path)
	run(t, "mkudffs", "--media-type=cdr", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iso.Open(bytes.NewReader(b), int64(len(b))); err == nil || !bytes.Contains([]byte(err.Error()), []byte("piece by piece")) {
		t.Error(err)
	}
}

// FuzzUDF walks whatever a UDF says, with the checksums of its descriptors put right.
func FuzzUDF(f *testing.F) {
	b, _ := everyForm(false)
	for i := range 12 {
		f.Add(uint16(i), uint16(100+i), []byte{byte(i), 1, 2})
	}
	f.Add(uint16(udfStart+udfMetaFirst), uint16(176), []byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, block, at uint16, change []byte) {
		from := int(block) % (len(b) / udfBlock) * udfBlock
		changed := bytes.Clone(b[from:][:udfBlock])
		copy(changed[int(at)%udfBlock:], change)
		mend(changed)
		explore(t, changedBlock{bytes.NewReader(b), int64(from), changed}, int64(len(b)))
	})
}

// changedBlock is an image of which one block is another, without a copy of the image.
type changedBlock struct {
	io.ReaderAt
	at    int64
	block []byte
}

func (c changedBlock) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	if from := max(off, c.at); from < min(off+int64(n), c.at+int64(len(c.block))) {
		copy(p[from-off:n], c.block[from-c.at:])
	}
	return n, err
}

// mend puts the checksums of a block right, if it is a descriptor.
func mend(b []byte) {
	size := int(b[10]) | int(b[11])<<8
	if kind := int(b[0]) | int(b[1])<<8; kind == 0 || kind > 266 || size > udfBlock-16 {
		return
	}
	location := uint32(b[12]) | uint32(b[13])<<8 | uint32(b[14])<<16 | uint32(b[15])<<24
	copy(b, tagged(uint16(b[0])|uint16(b[1])<<8, location, bytes.Clone(b[16:16+size])))
}
