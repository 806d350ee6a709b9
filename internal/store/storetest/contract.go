package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/store"
)

// Run checks the contract of store.Store. fresh returns an empty store; Run
// closes it.
func Run(t *testing.T, fresh func(t *testing.T) store.Store) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s store.Store)
	}{
		{"records", records},
		{"records are in order", order},
		{"prefixes", prefixes},
		{"any bytes", anyBytes},
		{"values are copies", copies},
		{"transactions", transactions},
		{"conditions", conditions},
		{"revisions", revisions},
		{"bounds", bounds},
		{"concurrent use", concurrent},
		{"moves", moves},
		{"counter", counter},
		{"watch", watch},
		{"watch, apart from a change of the same time", watchWhileChanging},
		{"watch falls behind", watchFallsBehind},
		{"time to live", timeToLive},
		{"ended context", endedContext},
		{"after Close", closed},
		{"Close during use", closeDuringUse},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := fresh(t)
			defer s.Close()
			test.run(t, s)
		})
	}
}

func records(t *testing.T, s store.Store) {
	wantList(t, s, "leases/")
	wantGet(t, s, "leases/a", "", false)
	remove(t, s, "leases/a")
	put(t, s, "leases/a", "1")
	put(t, s, "leases/b", "2")
	wantList(t, s, "leases/", "leases/a=1", "leases/b=2")
	put(t, s, "leases/a", "3")
	wantGet(t, s, "leases/a", "3", true)
	remove(t, s, "leases/a")
	remove(t, s, "leases/a")
	wantGet(t, s, "leases/a", "", false)
	wantList(t, s, "leases/", "leases/b=2")
	remove(t, s, "leases/b")
	wantList(t, s, "leases/")
}

func order(t *testing.T, s store.Store) {
	for _, k := range []string{"b", "a\xff", "ab", "a", "B", "a\x00"} {
		put(t, s, k, "")
	}
	wantList(t, s, "", "B=", "a=", "a\x00=", "ab=", "a\xff=", "b=")
}

func prefixes(t *testing.T, s store.Store) {
	for _, k := range []string{"one/k", "one", "ones/k", "two/k", "\xff\xff"} {
		put(t, s, k, "v")
	}
	wantList(t, s, "one/", "one/k=v")
	wantList(t, s, "one", "one=v", "one/k=v", "ones/k=v")
	wantList(t, s, "\xff", "\xff\xff=v")
	wantList(t, s, "three")
	remove(t, s, "one/k")
	wantList(t, s, "one/")
}

func anyBytes(t *testing.T, s store.Store) {
	put(t, s, "b\x00/\xff\n", "v\x00\xff")
	wantList(t, s, "b\x00", "b\x00/\xff\n=v\x00\xff")
	put(t, s, "empty", "")
	wantGet(t, s, "empty", "", true)
}

func copies(t *testing.T, s store.Store) {
	value := []byte("value")
	apply(t, s, nil, store.Change{Key: "k", Value: value})
	clear(value)
	wantGet(t, s, "k", "value", true)
	got, _, err := s.Get(t.Context(), "k")
	check(t, err)
	clear(got.Value)
	all, err := s.List(t.Context(), "k")
	check(t, err)
	clear(all[0].Value)
	_, events, err := s.Watch(t.Context(), "k")
	check(t, err)
	put(t, s, "k", "other")
	clear(next(t, events).Value)
	wantGet(t, s, "k", "other", true)
}

func transactions(t *testing.T, s store.Store) {
	put(t, s, "leases/old", "1")
	put(t, s, "leases/other", "2")
	apply(t, s, nil)
	apply(t, s, nil,
		store.Change{Key: "leases/old", Delete: true},
		store.Change{Key: "leases/new", Value: []byte("1")},
		store.Change{Key: "machines/m", Value: []byte("new")},
		store.Change{Key: "nowhere", Delete: true},
	)
	wantList(t, s, "", "leases/new=1", "leases/other=2", "machines/m=new")
	// One change that is refused leaves the others undone.
	for what, bad := range map[string]store.Change{
		"a put without a key":     {},
		"a delete without a key":  {Delete: true},
		"a long value":            {Key: "k", Value: make([]byte, store.ValueMost+1)},
		"another one of the same": {Key: "leases/other", Value: []byte("3")},
		"half a second":           {Key: "k", TTL: time.Second / 2},
		"no time":                 {Key: "k", TTL: -time.Second},
	} {
		if _, err := s.Apply(t.Context(), nil, store.Change{Key: "leases/other", Delete: true}, bad); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	wantList(t, s, "leases/", "leases/new=1", "leases/other=2")
}

func conditions(t *testing.T, s store.Store) {
	absent := store.Condition{Key: "k"}
	first := apply(t, s, []store.Condition{absent}, store.Change{Key: "k", Value: []byte("1")})
	written := store.Condition{Key: "k", Revision: first}
	conflict := func(conditions ...store.Condition) {
		t.Helper()
		_, err := s.Apply(t.Context(), conditions, store.Change{Key: "k", Delete: true}, store.Change{Key: "other"})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("conditions that don't hold: %v", err)
		}
	}
	conflict(absent)
	conflict(store.Condition{Key: "k", Revision: first + 1})
	conflict(written, store.Condition{Key: "nowhere", Revision: first})
	wantList(t, s, "", "k=1")

	second := apply(t, s, []store.Condition{written, {Key: "other"}}, store.Change{Key: "k", Value: []byte("2")})
	conflict(written)
	wantList(t, s, "", "k=2")
	apply(t, s, []store.Condition{{Key: "k", Revision: second}}, store.Change{Key: "k", Delete: true})
	conflict(store.Condition{Key: "k", Revision: second})
	// One that is written anew is another one.
	if third := apply(t, s, []store.Condition{absent}, store.Change{Key: "k"}); third <= second {
		t.Errorf("revision %d after %d", third, second)
	}
	conflict(store.Condition{Key: "k", Revision: second})
	apply(t, s, []store.Condition{{Key: "nowhere"}}) // only asks
}

// revisions checks that those of records are those of their transactions.
func revisions(t *testing.T, s store.Store) {
	a := apply(t, s, nil, store.Change{Key: "a"}, store.Change{Key: "b"})
	c := apply(t, s, nil, store.Change{Key: "b"}, store.Change{Key: "c"})
	if a < 1 || c <= a {
		t.Errorf("revisions %d and %d", a, c)
	}
	all, err := s.List(t.Context(), "")
	if err != nil || len(all) != 3 || all[0].Revision != a || all[1].Revision != c || all[2].Revision != c {
		t.Errorf("%v, %v; want revisions %d, %d, %[4]d", all, err, a, c)
	}
	if got, _, err := s.Get(t.Context(), "a"); err != nil || got.Revision != a {
		t.Errorf("%+v, %v; want revision %d", got, err, a)
	}
}

func bounds(t *testing.T, s store.Store) {
	long := strings.Repeat("k", store.KeyMost)
	value := strings.Repeat("v", store.ValueMost)
	put(t, s, long, value)
	wantGet(t, s, long, value, true)
	var many []store.Change
	for i := range store.ChangesMost {
		many = append(many, store.Change{Key: fmt.Sprint("many", i), Value: []byte(value)})
	}
	apply(t, s, nil, many...)
	ctx := t.Context()
	wantGet(t, s, long+"k", "", false)
	refused := map[string]error{}
	for what, changes := range map[string][]store.Change{
		"an empty key":              {{}},
		"a long key":                {{Key: long + "k"}},
		"a long value":              {{Key: "k", Value: []byte(value + "v")}},
		"removal of a long key":     {{Key: long + "k", Delete: true}},
		"a transaction of too many": append(many, store.Change{Key: "k"}),
	} {
		_, refused[what] = s.Apply(ctx, nil, changes...)
	}
	_, refused["a condition without a key"] = s.Apply(ctx, []store.Condition{{}}, store.Change{Key: "k"})
	for what, err := range refused {
		if err == nil {
			t.Errorf("%s is accepted", what)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
		}
	}
	wantGet(t, s, "k", "", false)
}

func endedContext(t *testing.T, s store.Store) {
	put(t, s, "k", "v")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, getErr := s.Get(ctx, "k")
	_, listErr := s.List(ctx, "k")
	_, applyErr := s.Apply(ctx, nil, store.Change{Key: "k", Delete: true})
	for _, err := range []error{getErr, listErr, applyErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	wantGet(t, s, "k", "v", true)
}

func closed(t *testing.T, s store.Store) {
	put(t, s, "k", "v")
	_, events, err := s.Watch(t.Context(), "")
	check(t, err)
	check(t, s.Close())
	check(t, s.Close())
	if e, ok := <-events; ok {
		t.Errorf("an event %+v", e)
	}
	ctx := t.Context()
	_, _, getErr := s.Get(ctx, "k")
	_, listErr := s.List(ctx, "")
	_, _, watchErr := s.Watch(ctx, "")
	_, applyErr := s.Apply(ctx, nil, store.Change{Key: "k"})
	for what, err := range map[string]error{"Get": getErr, "List": listErr, "Watch": watchErr, "Apply": applyErr} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
