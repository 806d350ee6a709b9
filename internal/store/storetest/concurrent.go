package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/spurboot/spur/internal/store"
)

const (
	writers = 16
	each    = 20
)

func concurrent(t *testing.T, s store.Store) {
	ctx := t.Context()
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for i := range each {
				k := fmt.Sprintf("leases/%02d-%02d", w, i)
				if _, err := s.Apply(ctx, nil, store.Change{Key: k, Value: []byte(k)}); err != nil {
					t.Error(err)
				}
				if got, ok, err := s.Get(ctx, k); err != nil || !ok || string(got.Value) != k {
					t.Errorf("own record %s is %q, %v, %v", k, got.Value, ok, err)
				}
				if i%2 == 1 {
					if _, err := s.Apply(ctx, nil, store.Change{Key: k, Delete: true}); err != nil {
						t.Error(err)
					}
				}
			}
		})
		work.Go(func() {
			if _, err := s.List(ctx, "leases/"); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	all, err := s.List(ctx, "leases/")
	if err != nil || len(all) != writers*each/2 {
		t.Errorf("%d records are left, %v; want %d", len(all), err, writers*each/2)
	}
}

// moves checks that a record that changes its key in one transaction is seen
// under one of both, never under none or both.
func moves(t *testing.T, s store.Store) {
	keys := [2]string{"a", "b"}
	put(t, s, keys[0], "v")
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		defer close(done)
		for i := range writers * each {
			gone, here := keys[i%2], keys[1-i%2]
			if _, err := s.Apply(t.Context(), nil, store.Change{Key: gone, Delete: true}, store.Change{Key: here, Value: []byte("v")}); err != nil {
				t.Error(err)
			}
		}
	})
	for {
		if all, err := s.List(t.Context(), ""); err != nil || len(all) != 1 {
			t.Errorf("it is seen under %v, %v", all, err)
		}
		select {
		case <-done:
			work.Wait()
			return
		default:
		}
	}
}

// counter checks that of those who change a record on the same condition one
// does.
func counter(t *testing.T, s store.Store) {
	var work sync.WaitGroup
	for range writers {
		work.Go(func() {
			for range each {
				if err := increment(t, s); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	wantGet(t, s, "n", strconv.Itoa(writers*each), true)
}

func increment(t *testing.T, s store.Store) error {
	for {
		r, _, err := s.Get(t.Context(), "n")
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(string(r.Value))
		_, err = s.Apply(t.Context(), []store.Condition{{Key: "n", Revision: r.Revision}},
			store.Change{Key: "n", Value: []byte(strconv.Itoa(n + 1))})
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// closeDuringUse checks that calls either succeed or say ErrClosed.
func closeDuringUse(t *testing.T, s store.Store) {
	ctx := t.Context()
	var work sync.WaitGroup
	started := make(chan struct{}, writers)
	for w := range writers {
		work.Go(func() {
			put := store.Change{Key: fmt.Sprint(w)}
			_, err := s.Apply(ctx, nil, put)
			for started <- struct{}{}; err == nil; _, err = s.Apply(ctx, nil, put) {
				if _, err := s.List(ctx, ""); err != nil && !errors.Is(err, store.ErrClosed) {
					t.Error(err)
				}
			}
			if !errors.Is(err, store.ErrClosed) {
				t.Error(err)
			}
		})
	}
	for range writers {
		<-started
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	work.Wait()
}
