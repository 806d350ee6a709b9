package iso_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
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

// A file of more than 4 GiB in UDF has several extents, of which none has 1 GiB
// (ECMA-167, part 4, section 14.14.1.1): it is read at both ends of each.
func TestLargeUDF(t *testing.T) {
	const (
		size  = 8 << 30
		piece = 1<<30 - udfBlock
		apart = 1 << 30 / udfBlock // blocks from one extent to the next
		first = 10_000
	)
	u := newUDF(size/udfBlock - udfStart)
	var allocation []byte
	spots := map[int64][]byte{} // of the image
	var want []string
	for i := range 5 {
		block := uint32(first + i*apart)
		allocation = append(allocation, longAD(0, piece, block)...)
		at := int64(udfStart+block) * udfBlock
		begin, end := fmt.Sprintf("begins %d", i), fmt.Sprintf("ends %d", i)
		spots[at], spots[at+piece-int64(len(end))] = []byte(begin), []byte(end)
		want = append(want, begin, end)
	}
	b := u.finish(u.directory(map[string]uint32{"large.wim": u.entry(5, true, 1, 5*piece, allocation)}, nil))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	image, err := iso.Open(sparseImage{b, spots, size}, size)
	if err != nil {
		t.Fatal(err)
	}
	f, err := image.Open("large.wim")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 5*piece {
		t.Fatalf("%+v, %v", info, err)
	}
	for i := range 5 {
		for k, at := range []int64{int64(i) * piece, int64(i+1)*piece - int64(len(want[2*i+1]))} {
			got := make([]byte, len(want[2*i+k]))
			if _, err := f.(io.ReaderAt).ReadAt(got, at); err != nil || string(got) != want[2*i+k] {
				t.Errorf("at %d: %q, %v, want %q", at, got, err, want[2*i+k])
			}
		}
	}
	across := make([]byte, len(want[1])+len(want[2]))
	if _, err := f.(io.ReaderAt).ReadAt(across, piece-int64(len(want[1]))); err != nil || string(across) != want[1]+want[2] {
		t.Errorf("from one extent into the next: %q, %v", across, err)
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("it took %d bytes of memory", after.TotalAlloc-before.TotalAlloc)
	}
}

// sparseImage is an image of zeros but for its beginning and some spots.
type sparseImage struct {
	begin []byte
	spots map[int64][]byte
	size  int64
}

func (s sparseImage) ReadAt(p []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(p)), s.size-off)))
	clear(p[:n])
	if off < int64(len(s.begin)) {
		copy(p[:n], s.begin[off:])
	}
	for at, spot := range s.spots {
		if from := max(at, off); from < min(at+int64(len(spot)), off+int64(n)) {
			copy(p[from-off:n], spot[from-at:])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
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
