package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/store"
)

func apply(t *testing.T, s store.Store, conditions []store.Condition, changes ...store.Change) int64 {
	t.Helper()
	revision, err := s.Apply(t.Context(), conditions, changes...)
	check(t, err)
	return revision
}

func put(t *testing.T, s store.Store, key, value string) {
	t.Helper()
	apply(t, s, nil, store.Change{Key: key, Value: []byte(value)})
}

func remove(t *testing.T, s store.Store, key string) {
	t.Helper()
	apply(t, s, nil, store.Change{Key: key, Delete: true})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantGet(t *testing.T, s store.Store, key, want string, there bool) {
	t.Helper()
	got, ok, err := s.Get(t.Context(), key)
	if err != nil || ok != there || string(got.Value) != want || ok && got.Key != key {
		t.Errorf("%.20q is %.20q, %v, %v; want %.20q, %v", key, got.Value, ok, err, want, there)
	}
}

func wantList(t *testing.T, s store.Store, prefix string, want ...string) {
	t.Helper()
	all, err := s.List(t.Context(), prefix)
	check(t, err)
	if got := texts(all); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("below %q there are %q, want %q", prefix, got, want)
	}
}

func texts(records []store.Record) (all []string) {
	for _, r := range records {
		all = append(all, r.Key+"="+string(r.Value))
	}
	return all
}

// patience is how long an event is waited for.
const patience = time.Minute

// next is the next event.
func next(t *testing.T, events <-chan store.Event) store.Event {
	t.Helper()
	select {
	case e, ok := <-events:
		if !ok {
			t.Fatal("the watch ended")
		}
		return e
	case <-time.After(patience):
		t.Fatal("no event came")
	}
	return store.Event{}
}

// wantEvent checks what the next event is: key=value, or -key.
func wantEvent(t *testing.T, events <-chan store.Event, revision int64, want string) {
	t.Helper()
	e := next(t, events)
	got := e.Key + "=" + string(e.Value)
	if e.Deleted {
		got = "-" + e.Key + string(e.Value)
	}
	if got != want || e.Revision != revision {
		t.Errorf("event %s of revision %d, want %s of %d", got, e.Revision, want, revision)
	}
}
