package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/store"
	"github.com/spurboot/spur/internal/tree"
)

func TestLongSourcesOutliveARestart(t *testing.T) {
	s, now := store.Memory(), time.Now()
	defer s.Close()
	trouble := func(err error) { t.Error(err) }
	first, err := openLong(s, now, trouble)
	if err != nil {
		t.Fatal(err)
	}
	source := "https://up/k?" + strings.Repeat("x", 5000)
	first.Keep(source)
	first.Keep(source)
	for _, restart := range []struct {
		after time.Duration
		found bool
	}{{time.Hour, true}, {2 * longAge, false}, {0, false}} {
		again, err := openLong(s, now.Add(restart.after), trouble)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := again.Find(tree.DigestOf(source)); ok != restart.found || ok && got != source {
			t.Errorf("after %s: %v, %q", restart.after, ok, got)
		}
	}
}

// The oldest make room in memory and in the store.
func TestLongSourcesAreBounded(t *testing.T) {
	s := store.Memory()
	defer s.Close()
	l, err := openLong(s, time.Now(), func(err error) { t.Error(err) })
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
