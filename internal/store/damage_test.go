package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/store"
)

// pageSize is that of the databases that are made here.
var pageSize = os.Getpagesize()

// whole returns the bytes of a store that has all kinds of pages: a tree with
// branches, a bucket within its page, a page that overflows, and free pages.
func whole(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var work sync.WaitGroup
	for i := range 400 {
		work.Go(func() {
			put(t, s, fmt.Sprint("leases/192.0.2.", i), make([]byte, 200))
		})
	}
	work.Wait()
	put(t, s, "small/small", nil)
	put(t, s, "large/large", make([]byte, 5*pageSize))
	for i := range 100 {
		work.Go(func() {
			remove(t, s, fmt.Sprint("leases/192.0.2.", 100+i))
		})
	}
	work.Wait()
	put(t, s, "an address", nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "spur.db"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A damaged file is refused at once, or all that was in it can be used, now and
// the next time; it never ends the process, nor fills its memory.
func TestDamaged(t *testing.T) {
	for name, sound := range map[string][]byte{"of today": whole(t), "of former times": former(t)} {
		t.Run(name, func(t *testing.T) { testDamaged(t, sound) })
	}
}

func testDamaged(t *testing.T, sound []byte) {
	s := open(t, folderWith(t, sound))
	want := list(t, s)
	s.Close()
	refused := 0
	const seeds = 120
	for seed := range uint64(seeds) {
		what, damaged := damage(sound, seed)
		dir := folderWith(t, damaged)
		s, err := store.Open(dir)
		if err != nil {
			refused++
			path := filepath.Join(dir, "spur.db")
			if !strings.HasPrefix(err.Error(), path+" is damaged") || !strings.Contains(advice.Of(err), "move it away") || strings.Contains(err.Error(), "\n") {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		got := list(t, s)
		if len(got) > 0 && got[0].Key != "an address" && want[0].Key == "an address" {
			got = append([]store.Record{want[0]}, got...) // the last meta page is lost, and with it a transaction
		}
		// Former files had no checksums.
		if bytes.Contains(sound, []byte("records")) && !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d, %s: %d records of %d, or others", seed, what, len(got), len(want))
		}
		if err := use(s); err != nil {
			t.Errorf("seed %d, %s: %v", seed, what, err)
		}
		s.Close()
		if seed%4 != 0 {
			continue
		}
		if again, err := store.Open(dir); err != nil {
			t.Errorf("seed %d, %s: used once, and %v", seed, what, err)
		} else {
			again.Close()
		}
	}
	if refused < seeds/4 || refused == seeds {
		t.Errorf("%d of %d damaged files are refused", refused, seeds)
	}
	t.Logf("%d of %d are refused", refused, seeds)
}

func list(t testing.TB, s store.Store) []store.Record {
	t.Helper()
	all, err := s.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// former returns the bytes of a file as it was before records had revisions.
func former(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spur.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if err := db.Update(func(tx *bolt.Tx) error {
			for _, name := range []string{"leases", "sources", "empty"} {
				bucket, err := tx.CreateBucketIfNotExists([]byte(name))
				if err != nil {
					return err
				}
				for i := range map[string]int{"leases": 200, "sources": 2}[name] {
					err = errors.Join(err, bucket.Put(fmt.Append(nil, i), make([]byte, 200*(1+round))))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The records of a file of former times are there, and so is what is written
// then.
func TestFormerFile(t *testing.T) {
	dir := folderWith(t, former(t))
	s := open(t, dir)
	leases, err := s.List(t.Context(), "leases/")
	if err != nil || len(leases) != 200 || leases[0].Key != "leases/0" || len(leases[0].Value) != 600 || leases[0].Revision < 1 {
		t.Errorf("%d leases, %v", len(leases), err)
	}
	put(t, s, "leases/0", []byte("new"))
	want := list(t, s)
	s.Close()
	before, err := os.ReadFile(filepath.Join(dir, "spur.db"))
	if err != nil {
		t.Fatal(err)
	}
	if s, err = store.OpenCopy(dir); err != nil || !reflect.DeepEqual(list(t, s), want) {
		t.Errorf("a copy differs, or %v", err)
	}
	put(t, s, "leases/1", nil)
	s.Close()
	if after, err := os.ReadFile(filepath.Join(dir, "spur.db")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed by its copy, or %v", err)
	}
	s = open(t, dir)
	defer s.Close()
	if got := list(t, s); len(got) != 202 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d records afterwards, %d before", len(got), len(want))
	}
}

// use reads and changes much of a store.
func use(s store.Store) error {
	ctx := context.Background()
	all, err := s.List(ctx, "leases/")
	if err != nil {
		return err
	}
	for i, r := range all {
		if i%150 != 0 {
			continue
		}
		if _, err := s.Apply(ctx, []store.Condition{{Key: r.Key, Revision: r.Revision}}, store.Change{Key: r.Key, Delete: true}); err != nil {
			return err
		}
	}
	if _, err := s.Apply(ctx, nil, store.Change{Key: "small/new", Value: make([]byte, 3*pageSize)}); err != nil {
		return err
	}
	_, _, err = s.Get(ctx, "large/large")
	return err
}

// damage spoils a file in one of several ways, and says in which.
func damage(sound []byte, seed uint64) (what string, damaged []byte) {
	r := rand.New(rand.NewPCG(seed, 0))
	b := append([]byte(nil), sound...)
	page := func() []byte { return b[r.IntN(len(b)/pageSize)*pageSize:][:pageSize] }
	switch seed % 6 {
	case 0:
		return "cut off", b[:r.IntN(len(b)-1)+1]
	case 1:
		for range 1 + r.IntN(50) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		return "some bytes", b
	case 2:
		for range 2000 {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		return "many bytes", b
	case 3: // as when a disk loses a write
		from, to := page(), page()
		id := binary.NativeEndian.Uint64(to)
		copy(to, from)
		if seed%4 == 1 {
			binary.NativeEndian.PutUint64(to, id)
		}
		return "a page upon another", b
	case 4: // cycles
		p := page()
		for at := 16; at < 512; at += 8 {
			if r.IntN(4) == 0 {
				binary.NativeEndian.PutUint64(p[at:], r.Uint64N(uint64(len(b)/pageSize)))
			}
		}
		return "numbers of pages", b
	default:
		page()[r.IntN(256)] ^= 1 << r.IntN(8)
		return "one bit", b
	}
}

func folderWith(t testing.TB, b []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "spur.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What bbolt writes is sound, whatever was put and deleted.
func TestSound(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		for range 4 {
			s := open(t, dir)
			var work sync.WaitGroup
			for range 300 {
				key := fmt.Sprint(r.IntN(3), "/", strings.Repeat(fmt.Sprint(r.IntN(400)), 1+r.IntN(50)))
				value := make([]byte, r.IntN(1<<r.IntN(17)))
				work.Go(func() { put(t, s, key, value) })
				gone := fmt.Sprint(r.IntN(3), "/", r.IntN(400))
				work.Go(func() { remove(t, s, gone) })
			}
			work.Wait()
			s.Close()
		}
	}
}

// What bbolt itself takes, but a store does not write, is refused.
func TestForeignDatabase(t *testing.T) {
	for name, fill := range map[string]func(*bolt.Bucket) error{
		"a bucket in a bucket": func(b *bolt.Bucket) error { _, err := b.CreateBucket([]byte("in")); return err },
		"a long key":           func(b *bolt.Bucket) error { return b.Put(make([]byte, store.KeyMost+1), nil) },
		"a long value":         func(b *bolt.Bucket) error { return b.Put([]byte("k"), make([]byte, store.ValueMost+1)) },
	} {
		dir := t.TempDir()
		db, err := bolt.Open(filepath.Join(dir, "spur.db"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket([]byte("b"))
			if err != nil {
				return err
			}
			return fill(b)
		}); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if s, err := store.Open(dir); err == nil {
			s.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}

// Other page sizes than this computer's are fine, and where the meta page of
// the last change is broken, the change is lost and nothing else.
func TestMetaPages(t *testing.T) {
	for _, size := range []int{1 << 10, 4 << 10, 64 << 10} {
		for broken := range 2 {
			dir := t.TempDir()
			path := filepath.Join(dir, "spur.db")
			db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: size})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if err := db.Update(func(tx *bolt.Tx) error {
					_, err := tx.CreateBucketIfNotExists([]byte("leases"))
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			db.Close()
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b[broken*size+30] ^= 1
			write(t, path, string(b))
			s := open(t, dir)
			put(t, s, "leases/k", nil)
			s.Close()
			open(t, dir).Close()
		}
	}
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "spur.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: 1 << 10})
	if err != nil {
		f.Fatal(err)
	}
	db.Close()
	s, err := store.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 20 {
		put(f, s, fmt.Sprint("leases/", i), make([]byte, 100))
	}
	s.Close()
	sound, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(former(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := store.Open(folderWith(t, b))
		if err != nil {
			return
		}
		defer s.Close()
		if err := use(s); err != nil {
			t.Error(err)
		}
	})
}

// Cycles of pages are refused where they are in use: bbolt would follow them.
func TestCycles(t *testing.T) {
	sound := former(t)
	order := binary.NativeEndian
	refused := 0
	for id := 2; id < len(sound)/pageSize; id++ {
		if page := sound[id*pageSize:]; order.Uint64(page) != uint64(id) || order.Uint16(page[8:]) != 1 {
			continue
		}
		b := slices.Clone(sound)
		order.PutUint64(b[id*pageSize+16+8:], uint64(id)) // its first child
		if s, err := store.Open(folderWith(t, b)); err == nil {
			s.Close() // the page is free
		} else if strings.Contains(err.Error(), "used twice") {
			refused++
		} else {
			t.Errorf("page %d: %v", id, err)
		}
	}
	if refused == 0 {
		t.Error("no page below itself is refused")
	}
}

// A record that is missing is found out.
func TestMissingRecord(t *testing.T) {
	dir := folderWith(t, whole(t))
	db, err := bolt.Open(filepath.Join(dir, "spur.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("records")).Delete([]byte("leases/192.0.2.7")) }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if s, err := store.Open(dir); err == nil {
		s.Close()
		t.Error("the store opens")
	}
}

// A disk that can't be read any more ends no process.
func TestFileCutWhileOpen(t *testing.T) {
	dir := folderWith(t, whole(t))
	s := open(t, dir)
	path := filepath.Join(dir, "spur.db")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := s.Apply(t.Context(), nil, store.Change{Key: "leases/192.0.2.5"}, store.Change{Key: "leases/192.0.2.399"})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("a change is answered by %v", err)
		}
	}
	if r, ok, err := s.Get(t.Context(), "leases/192.0.2.5"); err != nil || !ok || len(r.Value) != 200 {
		t.Errorf("%v, %v; a record has %d bytes", ok, err, len(r.Value))
	}
	s.Close()
}
