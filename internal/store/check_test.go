package store_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
			if err := s.Put("leases", fmt.Sprint("192.0.2.", i), make([]byte, 200)); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	for key, value := range map[string][]byte{"small": nil, "large": make([]byte, 5*pageSize)} {
		if err := s.Put(key, key, value); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		work.Go(func() {
			if err := s.Delete("leases", fmt.Sprint("192.0.2.", 100+i)); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "spur.db"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A damaged file is refused at once, or what is left of it can be used, now
// and the next time; it never ends the process, nor fills its memory.
func TestDamaged(t *testing.T) {
	sound := whole(t)
	refused := 0
	const seeds = 400
	for seed := range uint64(seeds) {
		what, damaged := damage(sound, seed)
		dir := folderWith(t, damaged)
		s, err := store.Open(dir)
		if err != nil {
			refused++
			path := filepath.Join(dir, "spur.db")
			if !strings.HasPrefix(err.Error(), path+" is damaged") || !strings.Contains(advice.Of(err), "move it away") {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		if err := use(s); err != nil {
			t.Errorf("seed %d, %s: %v", seed, what, err)
		}
		s.Close()
		if again, err := store.Open(dir); err != nil {
			t.Errorf("seed %d, %s: used once, and %v", seed, what, err)
		} else {
			again.Close()
		}
	}
	if refused < seeds/4 || refused == seeds {
		t.Errorf("%d of %d damaged files are refused", refused, seeds)
	}
}

// use reads and changes much of a store.
func use(s store.Store) error {
	all, err := s.All("leases")
	if err != nil {
		return err
	}
	for i, e := range all {
		if i%150 != 0 {
			continue
		}
		if err := s.Delete("leases", e.Key); err != nil {
			return err
		}
	}
	if err := s.Put("small", "new", make([]byte, 3*pageSize)); err != nil {
		return err
	}
	_, _, err = s.Get("large", "large")
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
				bucket, key := fmt.Sprint(r.IntN(3)), strings.Repeat(fmt.Sprint(r.IntN(400)), 1+r.IntN(50))
				value := make([]byte, r.IntN(1<<r.IntN(17)))
				work.Go(func() {
					if err := s.Put(bucket, key, value); err != nil {
						t.Error(err)
					}
				})
				gone := fmt.Sprint(r.IntN(400))
				work.Go(func() {
					if err := s.Delete(bucket, gone); err != nil {
						t.Error(err)
					}
				})
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
			if err := s.Put("leases", "k", nil); err != nil {
				t.Error(err)
			}
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
		if err := s.Put("leases", fmt.Sprint(i), make([]byte, 100)); err != nil {
			f.Fatal(err)
		}
	}
	s.Close()
	sound, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
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

// A leaf that begins behind its key in the parent is refused: bbolt would put
// it there a second time, and damage what is sound still.
func TestLeafWithoutItsFirst(t *testing.T) {
	sound := whole(t)
	order := binary.NativeEndian
	refused := 0
	for id := 2; id < len(sound)/pageSize; id++ {
		branch := sound[id*pageSize:][:pageSize]
		if order.Uint16(branch[8:]) != 1 || order.Uint16(branch[10:]) < 2 {
			continue
		}
		b := append([]byte(nil), sound...)
		child := order.Uint64(branch[16+16+8:]) // of the second element
		withoutFirst(b[int(child)*pageSize:][:pageSize])
		s, err := store.Open(folderWith(t, b))
		if err == nil {
			s.Close() // the branch is none that is used
		} else if strings.Contains(err.Error(), "out of order") {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d stores are refused, want that whose branch is used", refused)
	}
}

// withoutFirst takes the first element from a leaf.
func withoutFirst(leaf []byte) {
	order := binary.NativeEndian
	count := int(order.Uint16(leaf[10:]))
	for i := 1; i < count; i++ {
		to, from := leaf[16*i:], leaf[16*(i+1):]
		copy(to[:16], from[:16])
		order.PutUint32(to[4:], order.Uint32(to[4:])+16) // where its key is, from here
	}
	order.PutUint16(leaf[10:], uint16(count-1))
}
