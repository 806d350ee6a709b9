package machines

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Two processes work with the same marks.
func TestMarks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "marks")
	ours, err := OpenMarks(dir)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := OpenMarks(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, second := boot.MAC{2, 0, 0, 0, 0, 1}, boot.MAC{2, 0, 0, 0, 0, 2}
	a, b := first.String(), second.String()
	want := func(m *Marks, names ...string) {
		t.Helper()
		all, err := m.All()
		var got []string
		for _, mark := range all {
			got = append(got, mark.MAC.String())
			if since := time.Since(mark.Time); since < -time.Minute || since > time.Hour {
				t.Errorf("%s was marked %s ago", mark.MAC, since)
			}
		}
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("marks %q, want %q; %v", got, names, err)
		}
		for _, mac := range []boot.MAC{first, second} {
			if has, err := m.Has(mac); err != nil || has != slices.Contains(names, mac.String()) {
				t.Errorf("Has(%s) is %v, %v", mac, has, err)
			}
		}
		m.counted = time.Time{}
		if n, err := m.Count(); err != nil || n != len(names) {
			t.Errorf("counted %d of %d, %v", n, len(names), err)
		}
	}
	want(ours)
	for _, mac := range []boot.MAC{second, first, first} {
		if err := ours.Add(mac); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := ours.Count(); err != nil || n != 2 {
		t.Errorf("counted %d, %v", n, err)
	}
	want(theirs, a, b)
	for _, there := range []bool{true, false} {
		if was, err := theirs.Remove(second); err != nil || was != there {
			t.Errorf("Remove: %v, %v", was, err)
		}
	}
	want(ours, a)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := ours.Add(second); err == nil {
		t.Error("marked where there is no folder")
	}
}
