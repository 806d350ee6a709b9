package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

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
		{"buckets are apart", buckets},
		{"any bytes", anyBytes},
		{"values are copies", copies},
		{"transactions", transactions},
		{"bounds", bounds},
		{"concurrent use", concurrent},
		{"moves", moves},
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
	wantAll(t, s, "leases")
	wantGet(t, s, "leases", "a", "", false)
	check(t, s.Delete("leases", "a"))
	put(t, s, "leases", "a", "1")
	put(t, s, "leases", "b", "2")
	wantAll(t, s, "leases", "a=1", "b=2")
	put(t, s, "leases", "a", "3")
	wantGet(t, s, "leases", "a", "3", true)
	check(t, s.Delete("leases", "a"))
	check(t, s.Delete("leases", "a"))
	wantGet(t, s, "leases", "a", "", false)
	wantAll(t, s, "leases", "b=2")
	check(t, s.Delete("leases", "b"))
	wantAll(t, s, "leases")
}

func order(t *testing.T, s store.Store) {
	for _, k := range []string{"b", "a\xff", "ab", "a", "B", "a\x00"} {
		put(t, s, "leases", k, "")
	}
	wantAll(t, s, "leases", "B=", "a=", "a\x00=", "ab=", "a\xff=", "b=")
}

func buckets(t *testing.T, s store.Store) {
	put(t, s, "one", "k", "1")
	put(t, s, "two", "k", "2")
	check(t, s.Delete("one", "k"))
	wantAll(t, s, "one")
	wantAll(t, s, "two", "k=2")
}

func anyBytes(t *testing.T, s store.Store) {
	put(t, s, "b\x00/\xff", "k\x00\n", "v\x00\xff")
	wantAll(t, s, "b\x00/\xff", "k\x00\n=v\x00\xff")
	put(t, s, "empty", "k", "")
	wantGet(t, s, "empty", "k", "", true)
}

func copies(t *testing.T, s store.Store) {
	value := []byte("value")
	check(t, s.Put("b", "k", value))
	clear(value)
	wantGet(t, s, "b", "k", "value", true)
	got, _, err := s.Get("b", "k")
	check(t, err)
	clear(got)
	all, err := s.All("b")
	check(t, err)
	clear(all[0].Value)
	wantGet(t, s, "b", "k", "value", true)
}

func transactions(t *testing.T, s store.Store) {
	put(t, s, "leases", "old", "1")
	put(t, s, "leases", "other", "2")
	check(t, s.Apply())
	check(t, s.Apply(
		store.Change{Bucket: "leases", Key: "old", Delete: true},
		store.Change{Bucket: "leases", Key: "new", Value: []byte("1")},
		store.Change{Bucket: "machines", Key: "m", Value: []byte("new")},
		store.Change{Bucket: "nowhere", Key: "k", Delete: true},
	))
	wantAll(t, s, "leases", "new=1", "other=2")
	wantAll(t, s, "machines", "m=new")
	// They are made in their order.
	check(t, s.Apply(
		store.Change{Bucket: "leases", Key: "new", Value: []byte("3")},
		store.Change{Bucket: "leases", Key: "new", Delete: true},
		store.Change{Bucket: "leases", Key: "other", Delete: true},
		store.Change{Bucket: "leases", Key: "other", Value: []byte("4")},
	))
	wantAll(t, s, "leases", "other=4")
	// One that is refused leaves the others undone.
	for what, bad := range map[string]store.Change{
		"a put without a key":    {Bucket: "leases"},
		"a delete without a key": {Bucket: "leases", Delete: true},
		"a long value":           {Bucket: "leases", Key: "k", Value: make([]byte, store.ValueMost+1)},
	} {
		if err := s.Apply(store.Change{Bucket: "leases", Key: "other", Delete: true}, bad); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	wantAll(t, s, "leases", "other=4")
}

func bounds(t *testing.T, s store.Store) {
	name, long := strings.Repeat("n", store.NameMost), strings.Repeat("k", store.KeyMost)
	value := strings.Repeat("v", store.ValueMost)
	put(t, s, name, long, value)
	wantGet(t, s, name, long, value, true)
	_, _, getErr := s.Get("b", long+"k")
	_, allErr := s.All(name + "n")
	for what, err := range map[string]error{
		"a bucket without a name":     s.Put("", "k", nil),
		"a bucket with a long name":   s.Put(name+"n", "k", nil),
		"an empty key":                s.Put("b", "", nil),
		"a long key":                  s.Put("b", long+"k", nil),
		"a long value":                s.Put("b", "k", []byte(value+"v")),
		"Delete of a long key":        s.Delete("b", long+"k"),
		"Get of a long key":           getErr,
		"All of a long name":          allErr,
		"Delete in a nameless bucket": s.Delete("", "k"),
	} {
		if err == nil {
			t.Errorf("%s is accepted", what)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
		}
	}
	wantAll(t, s, "b")
}

func closed(t *testing.T, s store.Store) {
	put(t, s, "b", "k", "v")
	check(t, s.Close())
	check(t, s.Close())
	_, _, getErr := s.Get("b", "k")
	_, allErr := s.All("b")
	for what, err := range map[string]error{
		"Get": getErr, "All": allErr,
		"Put": s.Put("b", "k", nil), "Delete": s.Delete("b", "k"),
		"Apply": s.Apply(store.Change{Bucket: "b", Key: "k"}),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func put(t *testing.T, s store.Store, bucket, key, value string) {
	t.Helper()
	check(t, s.Put(bucket, key, []byte(value)))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantGet(t *testing.T, s store.Store, bucket, key, want string, there bool) {
	t.Helper()
	got, ok, err := s.Get(bucket, key)
	if err != nil || ok != there || string(got) != want {
		t.Errorf("%s/%.20q is %.20q, %v, %v; want %.20q, %v", bucket, key, got, ok, err, want, there)
	}
}

func wantAll(t *testing.T, s store.Store, bucket string, want ...string) {
	t.Helper()
	all, err := s.All(bucket)
	check(t, err)
	var got []string
	for _, e := range all {
		got = append(got, e.Key+"="+string(e.Value))
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("bucket %q has %q, want %q", bucket, got, want)
	}
}
