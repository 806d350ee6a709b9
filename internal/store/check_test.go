package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/store"
)

// A damaged file is refused, or what is left of it can be used; it never ends
// the process.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 200 {
		if err := s.Put("leases", fmt.Sprint(i), make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "spur.db"))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(40) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "spur.db"), damage(whole, seed), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(dir)
		if err != nil {
			continue
		}
		if _, err := s.All("leases"); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if err := s.Put("leases", "new", nil); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		s.Close()
	}
}

// damage cuts a file off, or writes rubbish into it.
func damage(whole []byte, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	if seed%2 == 0 {
		return whole[:r.IntN(len(whole))]
	}
	damaged := append([]byte(nil), whole...)
	for range 1 + r.IntN(50) {
		damaged[r.IntN(len(damaged))] = byte(r.Uint32())
	}
	return damaged
}
