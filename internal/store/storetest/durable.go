package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/store"
)

// RunDurable checks a store that keeps everything in a folder: what it
// acknowledged is there when the folder is opened again, after Close and
// after a crash. open opens, or creates, the store in a folder.
func RunDurable(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	t.Run("reopened", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, "leases/kept", "1")
		put(t, s, "leases/gone", "2")
		remove(t, s, "leases/gone")
		last := apply(t, s, nil, store.Change{Key: "leases/other", Value: []byte("3")})
		check(t, s.Close())
		s = open(t, dir)
		defer s.Close()
		wantList(t, s, "leases/", "leases/kept=1", "leases/other=3")
		next := apply(t, s, []store.Condition{{Key: "leases/other", Revision: last}}, store.Change{Key: "leases/new"})
		if next <= last {
			t.Errorf("revision %d after %d", next, last)
		}
	})
	t.Run("revision of what was removed", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		was := apply(t, s, nil, store.Change{Key: "k"})
		remove(t, s, "k")
		check(t, s.Close())
		s = open(t, dir)
		defer s.Close()
		if is := apply(t, s, nil, store.Change{Key: "k"}); is <= was {
			t.Errorf("revision %d after %d", is, was)
		}
	})
	t.Run("time to live over a restart", func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, "good", "v")
		apply(t, s, nil, store.Change{Key: "k", TTL: time.Second}, store.Change{Key: "long", TTL: time.Hour})
		check(t, s.Close())
		s = open(t, dir)
		defer s.Close()
		now, events, err := s.Watch(t.Context(), "k")
		check(t, err)
		if len(now) > 0 {
			if e := next(t, events); !e.Deleted {
				t.Errorf("event %+v", e)
			}
		}
		wantList(t, s, "", "good=v", "long=")
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
			k := fmt.Sprintf("leases/%d-%02d", round, w)
			want = append(want, k+"=v")
			work.Go(func() {
				if _, err := s.Apply(t.Context(), nil, store.Change{Key: k, Value: []byte("v")}); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		gone, _, _ := strings.Cut(want[0], "=")
		moved, _, _ := strings.Cut(want[1], "=")
		want = append(want[2:], moved+"-moved=v")
		remove(t, s, gone)
		apply(t, s, nil,
			store.Change{Key: moved, Delete: true},
			store.Change{Key: moved + "-moved", Value: []byte("v")},
		)
		slices.Sort(want)
		after := open(t, copied(t, dir))
		wantList(t, after, "leases/", want...)
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
