package daemon

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/tree"
)

// ttls is a store that notes how long the record written last is to stay.
type ttls struct {
	store.Store
	last time.Duration
}

func (s *ttls) Apply(ctx context.Context, conditions []store.Condition, changes ...store.Change) (int64, error) {
	s.last = changes[0].TTL
	return s.Store.Apply(ctx, conditions, changes...)
}

func TestLongSourcesOutliveARestart(t *testing.T) {
	s := store.Memory()
	defer s.Close()
	trouble := func(err error) { t.Error(err) }
	kept := ttls{Store: s}
	first, err := openLong(&kept, trouble)
	if err != nil {
		t.Fatal(err)
	}
	source := "https://up/k?" + strings.Repeat("x", 5000)
	first.Keep(source)
	first.Keep(source)
	if kept.last != longAge {
		t.Errorf("it is to stay for %s", kept.last)
	}
	again, err := openLong(s, trouble)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := again.Find(tree.DigestOf(source)); !ok || got != source {
		t.Errorf("%v, %q", ok, got)
	}
}

// The oldest make room in memory and in the store.
func TestLongSourcesAreBounded(t *testing.T) {
	s := store.Memory()
	defer s.Close()
	l, err := openLong(s, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	l.most = 1000
	for _, name := range []string{"a", "b", "a", "c", "d"} { // a was used after b
		l.Keep("https://up/" + name + strings.Repeat("x", 300))
	}
	entries, err := s.List(t.Context(), longPrefix)
	if err != nil || len(entries) != 3 || l.recent.Len() != 3 || l.size > l.most {
		t.Errorf("%d in the store, %d in memory of %d bytes, %v", len(entries), l.recent.Len(), l.size, err)
	}
	if _, ok := l.Find(tree.DigestOf("https://up/b" + strings.Repeat("x", 300))); ok {
		t.Error("the oldest is still there")
	}
}
