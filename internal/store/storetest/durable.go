package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spurboot/spur/internal/store"
)

// RunDurable checks a store that keeps everything in a folder: what it
// acknowledged is there when the folder is opened again, after Close and
// after a crash. open opens, or creates, the store in a folder.
func RunDurable(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	t.Run("reopened", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, "leases", "kept", "1")
		put(t, s, "leases", "gone", "2")
		check(t, s.Delete("leases", "gone"))
		check(t, s.Close())
		s = open(t, dir)
		defer s.Close()
		wantAll(t, s, "leases", "kept=1")
	})
	t.Run("crashed", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		defer s.Close()
		crash(t, s, dir, open)
	})
}

// crash looks, after each acknowledged change, at what a process would find
// that started if this one ended now: a copy of the folder.
func crash(t *testing.T, s store.Store, dir string, open func(t *testing.T, dir string) store.Store) {
	var want []string
	for round := range 5 {
		var work sync.WaitGroup
		for w := range writers {
			k := fmt.Sprintf("%d-%02d", round, w)
			want = append(want, k+"=v")
			work.Go(func() {
				if err := s.Put("leases", k, []byte("v")); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		gone, _, _ := strings.Cut(want[0], "=")
		moved, _, _ := strings.Cut(want[1], "=")
		want = append(want[2:], moved+"-moved=v")
		check(t, s.Delete("leases", gone))
		check(t, s.Apply(
			store.Change{Bucket: "leases", Key: moved, Delete: true},
			store.Change{Bucket: "leases", Key: moved + "-moved", Value: []byte("v")},
		))
		slices.Sort(want)
		after := open(t, copied(t, dir))
		wantAll(t, after, "leases", want...)
		check(t, after.Close())
	}
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(to, e.Name()), data, 0o600))
	}
	return to
}
