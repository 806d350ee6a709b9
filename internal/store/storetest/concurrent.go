package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/spurboot/spur/internal/store"
)

const (
	writers = 16
	each    = 20
)

func concurrent(t *testing.T, s store.Store) {
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for i := range each {
				k := fmt.Sprintf("%02d-%02d", w, i)
				if err := s.Put("leases", k, []byte(k)); err != nil {
					t.Error(err)
				}
				if got, ok, err := s.Get("leases", k); err != nil || !ok || string(got) != k {
					t.Errorf("own record %s is %q, %v, %v", k, got, ok, err)
				}
				if i%2 == 1 {
					if err := s.Delete("leases", k); err != nil {
						t.Error(err)
					}
				}
			}
		})
		work.Go(func() {
			if _, err := s.All("leases"); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	all, err := s.All("leases")
	if err != nil || len(all) != writers*each/2 {
		t.Errorf("%d records are left, %v; want %d", len(all), err, writers*each/2)
	}
}

// moves checks that a record that changes its key in one transaction is seen
// under one of both, never under none or both.
func moves(t *testing.T, s store.Store) {
	keys := [2]string{"a", "b"}
	put(t, s, "leases", keys[0], "v")
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		defer close(done)
		for i := range writers * each {
			gone, here := keys[i%2], keys[1-i%2]
			if err := s.Apply(
				store.Change{Bucket: "leases", Key: gone, Delete: true},
				store.Change{Bucket: "leases", Key: here, Value: []byte("v")},
			); err != nil {
				t.Error(err)
			}
		}
	})
	for {
		if all, err := s.All("leases"); err != nil || len(all) != 1 {
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

// closeDuringUse checks that calls either succeed or say ErrClosed.
func closeDuringUse(t *testing.T, s store.Store) {
	var work sync.WaitGroup
	started := make(chan struct{}, writers)
	for w := range writers {
		work.Go(func() {
			k := fmt.Sprint(w)
			err := s.Put("leases", k, nil)
			for started <- struct{}{}; err == nil; err = s.Put("leases", k, nil) {
				if _, err := s.All("leases"); err != nil && !errors.Is(err, store.ErrClosed) {
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
