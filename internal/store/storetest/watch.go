package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/store"
)

func watch(t *testing.T, s store.Store) {
	put(t, s, "a/1", "old")
	put(t, s, "b/1", "old")
	ctx, cancel := context.WithCancel(t.Context())
	now, events, err := s.Watch(ctx, "a/")
	check(t, err)
	if got := texts(now); len(got) != 1 || got[0] != "a/1=old" {
		t.Errorf("it begins with %q", got)
	}
	put(t, s, "b/1", "new")
	first := apply(t, s, nil, store.Change{Key: "a/2", Value: []byte("v")}, store.Change{Key: "b/1", Delete: true})
	remove(t, s, "a/nowhere")
	if _, err := s.Apply(t.Context(), []store.Condition{{Key: "a/1"}}, store.Change{Key: "a/2"}); err == nil {
		t.Error("a condition is ignored")
	}
	second := apply(t, s, nil, store.Change{Key: "a/1", Delete: true})
	third := apply(t, s, nil, store.Change{Key: "a/1"})
	wantEvent(t, events, first, "a/2=v")
	wantEvent(t, events, second, "-a/1")
	wantEvent(t, events, third, "a/1=")
	cancel()
	for range events { // until it is closed
	}
}

// watchWhileChanging checks that what Watch begins with and what it goes on with
// fit together.
func watchWhileChanging(t *testing.T, s store.Store) {
	const last = writers * each
	var work sync.WaitGroup
	work.Go(func() {
		for i := range last + 1 {
			if _, err := s.Apply(t.Context(), nil, store.Change{Key: fmt.Sprintf("k%d", i)}); err != nil {
				t.Error(err)
			}
		}
	})
	now, events, err := s.Watch(t.Context(), "k")
	check(t, err)
	for i := len(now); i <= last; i++ {
		if e := next(t, events); e.Key != fmt.Sprintf("k%d", i) {
			t.Fatalf("after %d records %s is told", i, e.Key)
		}
	}
	work.Wait()
}

// watchFallsBehind checks that one who doesn't receive holds up nobody, and
// finds out that something is missing, unless nothing is.
func watchFallsBehind(t *testing.T, s store.Store) {
	_, events, err := s.Watch(t.Context(), "")
	check(t, err)
	told := 0
	for i := range 2 * store.WatchMost / store.ChangesMost {
		var changes []store.Change
		for j := range store.ChangesMost {
			changes = append(changes, store.Change{Key: fmt.Sprint(i, " ", j)})
		}
		apply(t, s, nil, changes...)
	}
	for range events {
		if told++; told == 2*store.WatchMost {
			return // a store may keep more than it must
		}
	}
	if told < store.WatchMost {
		t.Errorf("the watch ended after %d events", told)
	}
	now, _, err := s.Watch(t.Context(), "")
	check(t, err)
	if len(now) != 2*store.WatchMost {
		t.Errorf("a new one begins with %d records", len(now))
	}
}

// timeToLive checks that records go when their time is over, and not before.
func timeToLive(t *testing.T, s store.Store) {
	_, events, err := s.Watch(t.Context(), "k")
	check(t, err)
	began := time.Now()
	short := store.Change{Key: "k", Value: []byte("v"), TTL: time.Second}
	put(t, s, "kept", "v")
	renewed := short
	renewed.Key = "kept"
	apply(t, s, nil, renewed)
	put(t, s, "kept", "for good")
	revision := apply(t, s, nil, short)
	wantGet(t, s, "k", "v", true)
	for range 4 {
		next(t, events)
	}
	e := next(t, events)
	if e.Key != "k" || !e.Deleted || e.Revision <= revision {
		t.Errorf("event %+v", e)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("it is gone after %s", took)
	}
	wantGet(t, s, "k", "", false)
	// Others that time out meanwhile leave what was renewed.
	apply(t, s, nil, short)
	next(t, events)
	next(t, events)
	wantList(t, s, "k", "kept=for good")
}
