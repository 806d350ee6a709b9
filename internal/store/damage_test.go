package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/store"
)

// inUse is the file of a folder that a store is written to.
func inUse(t testing.TB, dir string) string {
	t.Helper()
	for i := range 2 {
		path := filepath.Join(dir, fmt.Sprint("spur.store.", i))
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return path
		}
	}
	t.Fatalf("no file of %s is in use", dir)
	return ""
}

// disk is a file system of its own, of so many bytes, in memory.
func disk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mount a tmpfs, as root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// folderWith is a new folder of a disk, with a file of a store.
func folderWith(t testing.TB, disk string, b []byte) string {
	t.Helper()
	dir, err := os.MkdirTemp(disk, "store")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spur.store.0"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func list(t testing.TB, s store.Store) []store.Record {
	t.Helper()
	all, err := s.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// commit is what is in a store once its file has so many bytes.
type commit struct {
	size    int
	records []store.Record
}

// commits returns the file of a store that wasn't closed, and what was there
// after each transaction.
func commits(t testing.TB) (file []byte, all []commit) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 12 {
		file = read(t, inUse(t, dir))
		all = append(all, commit{len(file), list(t, s)})
		changes := []store.Change{
			{Key: fmt.Sprint("leases/", i), Value: make([]byte, i*9)},
			{Key: fmt.Sprint("moved/", i), Value: []byte("v")},
			{Key: fmt.Sprint("moved/", i-1), Delete: true},
		}
		if _, err := s.Apply(t.Context(), nil, changes...); err != nil {
			t.Fatal(err)
		}
	}
	file = read(t, inUse(t, dir))
	return file, append(all, commit{len(file), list(t, s)})
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantDamaged checks that a folder is refused, in words that help.
func wantDamaged(t *testing.T, what, dir string) {
	t.Helper()
	for name, open := range map[string]func(string) (store.Store, error){"Open": store.Open, "OpenCopy": store.OpenCopy} {
		s, err := open(dir)
		if err == nil {
			s.Close()
			t.Errorf("%s: %s takes it", what, name)
		} else if !strings.HasPrefix(err.Error(), "the store in "+dir+" is damaged") || !strings.Contains(advice.Of(err), "move its files") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// wantRecords checks what is in a folder, and that it can be written, now and
// the next time.
func wantRecords(t *testing.T, what, dir string, want []store.Record) {
	t.Helper()
	copied, err := store.OpenCopy(dir)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	s := open(t, dir)
	if first, second := list(t, copied), list(t, s); !reflect.DeepEqual(first, want) || !reflect.DeepEqual(second, want) {
		t.Fatalf("%s: a copy has %d records, the store %d, want %d", what, len(first), len(second), len(want))
	}
	copied.Close()
	put(t, s, "zz/last", nil)
	want = list(t, s)
	s.Close()
	s = open(t, dir)
	if got := list(t, s); !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %d records after a change, want %d", what, len(got), len(want))
	}
	s.Close()
}

// A file that was cut off anywhere has all transactions in front of the cut, and
// none in part; one of which nothing is whole is refused.
func TestCutOff(t *testing.T) {
	disk := disk(t, "64m")
	file, all := commits(t)
	wantRecords(t, "an empty file", folderWith(t, disk, nil), nil)
	for cut := 1; cut <= len(file); cut++ {
		dir, what := folderWith(t, disk, file[:cut]), fmt.Sprintf("%d of %d bytes", cut, len(file))
		if cut < all[0].size {
			wantDamaged(t, what, dir)
			continue
		}
		was := all[0]
		for _, c := range all {
			if c.size <= cut {
				was = c
			}
		}
		wantRecords(t, what, dir, was.records)
	}
}

// No byte can change unseen. After a crash, the last transaction may be lost with
// one of its bytes; after Close, none.
func TestChangedByte(t *testing.T) {
	disk := disk(t, "64m")
	file, all := commits(t)
	closed := folderWith(t, disk, file)
	open(t, closed).Close()
	for _, test := range []struct {
		name    string
		file    []byte
		last    int // where damage can't be told from a crash
		records []store.Record
	}{
		{"crashed", file, all[len(all)-2].size, all[len(all)-2].records},
		{"closed", read(t, inUse(t, closed)), len(file), all[len(all)-1].records},
	} {
		for at := range test.file {
			b := append([]byte(nil), test.file...)
			b[at] ^= 1 << (at % 8)
			what := fmt.Sprintf("%s, byte %d of %d", test.name, at, len(b))
			if dir := folderWith(t, disk, b); at < test.last {
				wantDamaged(t, what, dir)
			} else {
				wantRecords(t, what, dir, test.records)
			}
		}
	}
}

// Zeros and old data behind the end, which a crash may leave, are cut off.
func TestTornTails(t *testing.T) {
	disk := disk(t, "64m")
	file, all := commits(t)
	other, _ := commits(t)
	last := all[len(all)-1]
	for what, tail := range map[string][]byte{
		"zeros":                     make([]byte, 5000),
		"a frame of another file":   other,
		"a frame with zeros inside": append(append([]byte(nil), file[all[3].size:all[3].size+40]...), make([]byte, 300)...),
	} {
		wantRecords(t, what, folderWith(t, disk, append(append([]byte(nil), file...), tail...)), last.records)
	}
}

// Frames in the place of others are refused.
func TestMisplacedFrames(t *testing.T) {
	disk := disk(t, "64m")
	file, all := commits(t)
	part := func(from, to int) []byte { return file[all[from].size:all[to].size] }
	for what, b := range map[string][]byte{
		"one is missing":    append(append([]byte(nil), file[:all[4].size]...), part(5, 12)...),
		"one comes twice":   append(append([]byte(nil), file[:all[5].size]...), part(4, 12)...),
		"two are exchanged": append(append(append([]byte(nil), file[:all[4].size]...), part(5, 6)...), append(part(4, 5), part(6, 12)...)...),
	} {
		wantDamaged(t, what, folderWith(t, disk, b))
	}
}

// A store takes no more room than some times what is in it, and goes on in the
// other file, whoever owns the folder.
func TestCompaction(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir)
	files := map[string]bool{}
	put(t, s, "kept", []byte("v"))
	value := make([]byte, store.ValueMost)
	moved := dir + " elsewhere"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		value[0] = byte(i)
		put(t, s, "k", value)
		files[inUse(t, moved)] = true
		if size := len(read(t, inUse(t, moved))); size > 1<<20+4*len(value) {
			t.Errorf("%d bytes after %d changes of %d", size, i, len(value))
		}
	}
	if len(files) != 2 {
		t.Errorf("%d files were used", len(files))
	}
	want := list(t, s)
	s.Close()
	wantRecords(t, "compacted", moved, want)
}

// A full disk refuses changes, loses none that it took, and takes others once
// there is room.
func TestFullDisk(t *testing.T) {
	dir := disk(t, "256k")
	s := open(t, filepath.Join(dir, "data"))
	filler := filepath.Join(dir, "filler")
	write(t, filler, strings.Repeat("x", 100<<10))
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		_, err = s.Apply(t.Context(), nil, store.Change{Key: fmt.Sprint("k", n), Value: make([]byte, 3000)})
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "spur.store.") {
		t.Fatalf("%d changes, then %v", n, err)
	}
	if got := len(list(t, s)); got != n-1 {
		t.Errorf("%d records of %d", got, n-1)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 10 { // also over what was left of the one that failed
		put(t, s, "after", make([]byte, 2000))
	}
	want := list(t, s)
	s.Close()
	wantRecords(t, "the disk was full", filepath.Join(dir, "data"), want)

	write(t, filler, "")
	if err := os.Truncate(filler, 0); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile(filler, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for err == nil {
		_, err = full.Write(make([]byte, 4096))
	}
	// What is there can be read; a new store says what is wrong.
	s = open(t, filepath.Join(dir, "data"))
	if got := len(list(t, s)); got != len(want)+1 {
		t.Errorf("%d records of %d", got, len(want)+1)
	}
	s.Close()
	if _, err := store.Open(filepath.Join(dir, "other")); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "cannot open the store in "+filepath.Join(dir, "other")) {
		t.Errorf("a new store: %v", err)
	}
}

// Where there is no room for another file, changes go on in the one that is there.
func TestNoRoomToCompact(t *testing.T) {
	dir := disk(t, "1536k")
	s := open(t, dir)
	var err error
	n := 0
	for ; err == nil; n++ {
		_, err = s.Apply(t.Context(), nil, store.Change{Key: fmt.Sprint("k", n%15), Value: append(make([]byte, 60<<10), byte(n))})
	}
	if !errors.Is(err, syscall.ENOSPC) || n*60<<10 < 1<<20+200<<10 {
		t.Errorf("%d changes, then %v", n, err)
	}
	want := list(t, s)
	s.Close()
	s = open(t, dir)
	defer s.Close()
	if !reflect.DeepEqual(list(t, s), want) {
		t.Error("other records are there afterwards")
	}
}

// A pipe in the place of the file is refused at once.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "spur.store.0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(dir); err == nil || !errors.Is(err, syscall.ESPIPE) {
		t.Errorf("got %v, %v", s, err)
	}
}
