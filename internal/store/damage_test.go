package store_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/store"
)

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

// folderWith is a new folder of a disk, with the file of a store.
func folderWith(t testing.TB, disk string, b []byte) string {
	t.Helper()
	dir, err := os.MkdirTemp(disk, "store")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spur.db"), b, 0o600); err != nil {
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

// sample is the file of a store that has all kinds of pages: branches, one that
// overflows, and free ones.
type sample struct {
	file    []byte
	records []store.Record
	before  []store.Record // before the last transaction
}

var pageSize = os.Getpagesize()

func newSample(t *testing.T) (s sample) {
	t.Helper()
	dir := t.TempDir()
	kept := open(t, dir)
	for i := range 4 {
		var changes []store.Change
		for j := range 12 {
			changes = append(changes, store.Change{Key: fmt.Sprintf("leases/%d.%d", i, j), Value: make([]byte, 200)})
		}
		if _, err := kept.Apply(t.Context(), nil, changes...); err != nil {
			t.Fatal(err)
		}
		put(t, kept, fmt.Sprint("large/", i), make([]byte, 3*pageSize/2))
		remove(t, kept, fmt.Sprint("large/", i-1))
	}
	s.before = list(t, kept)
	put(t, kept, "last", nil)
	s.records = list(t, kept)
	kept.Close()
	s.file = read(t, filepath.Join(dir, "spur.db"))
	return s
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// refused tells whether a folder is, in words that help.
func refused(t *testing.T, what string, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	if !strings.HasPrefix(err.Error(), "the store in ") || !strings.Contains(err.Error(), " is damaged") ||
		!strings.Contains(advice.Of(err), "move its file spur.db away") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v", what, err)
	}
	return true
}

// check opens a damaged file: it is refused, or the records are right, then and
// after a change. Where the last of the two meta pages is damaged, bbolt goes on
// without the last transaction, as after a crash.
func (s sample) check(t *testing.T, disk, what string, file []byte, metaPage bool) (opened bool) {
	t.Helper()
	dir := folderWith(t, disk, file)
	defer drop(dir)
	copied, err := store.OpenCopy(dir)
	if refused(t, what, err) {
		dir = folderWith(t, disk, file) // the other one may be locked still
		defer drop(dir)
		// What is in the memory behind the mapped file may make a difference.
		if kept, err := store.Open(dir); !refused(t, what, err) {
			if got := list(t, kept); !reflect.DeepEqual(got, s.records) {
				t.Errorf("%s: %d records of %d, or others", what, len(got), len(s.records))
			}
			kept.Close()
		}
		return false
	}
	want := list(t, copied)
	copied.Close()
	if !reflect.DeepEqual(want, s.records) && (!metaPage || !reflect.DeepEqual(want, s.before)) {
		t.Errorf("%s: %d records of %d, or others", what, len(want), len(s.records))
	}
	kept, err := store.Open(dir)
	if err != nil {
		t.Errorf("%s: opened once, and %v", what, err)
		return true
	}
	if got := list(t, kept); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %d records, a copy has %d", what, len(got), len(want))
	}
	_, err = kept.Apply(t.Context(), nil, store.Change{Key: "later", Value: make([]byte, 5000)})
	want = list(t, kept)
	kept.Close()
	if err != nil {
		t.Logf("%s: a change is answered by %v", what, err)
		return true
	}
	kept, err = store.Open(dir)
	if refused(t, what+", written to", err) {
		return true
	}
	if got := list(t, kept); !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %d records after a change, want %d", what, len(got), len(want))
	}
	kept.Close()
	return true
}

// drop removes a folder, and gives back the room of its file, which may be mapped.
func drop(dir string) {
	_ = os.Truncate(filepath.Join(dir, "spur.db"), 0)
	_ = os.RemoveAll(dir)
}

func TestCutOff(t *testing.T) {
	disk, s := disk(t, "64m"), newSample(t)
	for cut := 1; cut < len(s.file); cut += 509 {
		s.check(t, disk, fmt.Sprintf("%d of %d bytes", cut, len(s.file)), s.file[:cut], false)
	}
	for cut := pageSize; cut < len(s.file); cut += pageSize {
		s.check(t, disk, fmt.Sprintf("%d of %d bytes", cut, len(s.file)), s.file[:cut], false)
	}
}

func TestZeroedPage(t *testing.T) {
	disk, s := disk(t, "64m"), newSample(t)
	n := 0
	for at := 0; at < len(s.file); at += pageSize {
		b := append([]byte(nil), s.file...)
		clear(b[at:][:pageSize])
		if s.check(t, disk, fmt.Sprint("page ", at/pageSize), b, at < 2*pageSize) {
			n++
		}
	}
	if pages := len(s.file) / pageSize; n < 2 || n == pages {
		t.Errorf("%d of %d files open", n, pages)
	}
}

func TestFlippedBit(t *testing.T) {
	disk, s := disk(t, "64m"), newSample(t)
	n := 0
	for bit := 0; bit < 8*len(s.file); bit++ {
		if in := bit / 8 % pageSize; in >= 16 && in < 64 && bit%3 != 0 || in >= 64 && bit%401 != 0 {
			continue // most to harm is in front
		}
		b := append([]byte(nil), s.file...)
		b[bit/8] ^= 1 << (bit % 8)
		if cycle(b, bit/8/pageSize) {
			t.Logf("bit %d of byte %d is left out: bbolt would follow a page to itself", bit%8, bit/8)
			continue
		}
		if s.check(t, disk, fmt.Sprintf("bit %d of byte %d", bit%8, bit/8), b, bit/8 < 2*pageSize) {
			n++
		}
	}
	t.Logf("%d files open", n)
}

// cycle tells whether a branch page is its own child.
func cycle(file []byte, page int) bool {
	const branch, header, element = 1, 16, 16
	b, order := file[page*pageSize:][:pageSize], binary.NativeEndian
	if order.Uint16(b[8:]) != branch {
		return false
	}
	for at := header; at+element <= pageSize && at < header+element*int(order.Uint16(b[10:])); at += element {
		if order.Uint64(b[at+8:]) == uint64(page) {
			return true
		}
	}
	return false
}

// What a store did not write is refused, or is missing or old.
func TestOtherRecords(t *testing.T) {
	disk, s := disk(t, "64m"), newSample(t)
	old := []byte(nil)
	for what, change := range map[string]func(tx *bolt.Tx, records *bolt.Bucket) error{
		"a record is missing": func(_ *bolt.Tx, b *bolt.Bucket) error { return b.Delete([]byte("leases/3.7")) },
		"another record's value": func(_ *bolt.Tx, b *bolt.Bucket) error {
			return b.Put([]byte("leases/3.7"), b.Get([]byte("leases/3.8")))
		},
		"a bucket in a bucket": func(_ *bolt.Tx, b *bolt.Bucket) error { _, err := b.CreateBucket([]byte("in")); return err },
		"a long key":           func(_ *bolt.Tx, b *bolt.Bucket) error { return b.Put(make([]byte, store.KeyMost+9), old) },
		"another program's": func(tx *bolt.Tx, _ *bolt.Bucket) error {
			if err := tx.DeleteBucket([]byte("records")); err != nil {
				return err
			}
			_, err := tx.CreateBucket([]byte("other"))
			return err
		},
	} {
		dir := folderWith(t, disk, s.file)
		db, err := bolt.Open(filepath.Join(dir, "spur.db"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(func(tx *bolt.Tx) error { return change(tx, tx.Bucket([]byte("records"))) }); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		db.Close()
		if kept, err := store.Open(dir); !refused(t, what, err) {
			kept.Close()
			t.Errorf("%s: the store opens", what)
		}
	}
}

// A file that can't be read any more ends no process, and isn't written any more.
func TestFileCutWhileOpen(t *testing.T) {
	dir := folderWith(t, t.TempDir(), newSample(t).file)
	s := open(t, dir)
	if err := os.Truncate(filepath.Join(dir, "spur.db"), 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Apply(t.Context(), nil, store.Change{Key: "leases/3.7"}); err == nil || !strings.Contains(err.Error(), "restart spur") {
			t.Errorf("a change is answered by %v", err)
		}
	}
	if r, ok, err := s.Get(t.Context(), "leases/3.7"); err != nil || !ok || len(r.Value) != 200 {
		t.Errorf("%v, %v; a record has %d bytes", ok, err, len(r.Value))
	}
	if err := s.Close(); err == nil {
		t.Error("Close says nothing")
	}
}

// A full disk refuses changes, loses none that it took, and takes others once
// there is room.
func TestFullDisk(t *testing.T) {
	disk := disk(t, "256k")
	dir, filler := filepath.Join(disk, "data"), filepath.Join(disk, "filler")
	s := open(t, dir)
	fill(t, filler, 100<<10)
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		_, err = s.Apply(t.Context(), nil, store.Change{Key: fmt.Sprint("k", n), Value: make([]byte, 3000)})
	}
	if err == nil || !strings.Contains(err.Error(), "its disk is full") {
		t.Fatalf("%d changes, then %v", n, err)
	}
	if got := len(list(t, s)); got != n-1 {
		t.Errorf("%d records of %d", got, n-1)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		put(t, s, fmt.Sprint("after", i), make([]byte, 2000))
	}
	want := list(t, s)
	s.Close()
	fill(t, filler, 1<<20)
	s = open(t, dir)
	if got := list(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("%d records of %d", len(got), len(want))
	}
	s.Close()
}

// Where there is no room for a new store, nothing is in the way of the next start.
func TestNoRoomForNewStore(t *testing.T) {
	disk := disk(t, "64k")
	dir, filler := filepath.Join(disk, "data"), filepath.Join(disk, "filler")
	for left := range 4 {
		fill(t, filler, 64<<10-left*pageSize)
		if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(advice.Of(err), "make room") {
			t.Errorf("%d pages left: %v", left, err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if copied, err := store.OpenCopy(dir); err != nil {
			t.Errorf("%d pages left: %v", left, err)
		} else {
			copied.Close()
		}
	}
	open(t, dir).Close()
}

// fill makes a file of so many bytes, or as many as there is room for.
func fill(t *testing.T, path string, size int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := 0; at < size && err == nil; at += 1 << 10 {
		_, err = f.Write(make([]byte, 1<<10))
	}
}
