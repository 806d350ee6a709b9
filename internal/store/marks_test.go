package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
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
	want := func(m *Marks, names ...string) {
		t.Helper()
		all, err := m.All()
		var got []string
		for _, mark := range all {
			got = append(got, mark.Name)
			if since := time.Since(mark.Time); since < -time.Minute || since > time.Hour {
				t.Errorf("%s was marked %s ago", mark.Name, since)
			}
		}
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("marks %q, want %q; %v", got, names, err)
		}
		for _, name := range []string{"a", "b"} {
			if has, err := m.Has(name); err != nil || has != slices.Contains(names, name) {
				t.Errorf("Has(%s) is %v, %v", name, has, err)
			}
		}
		m.counted = time.Time{}
		if n, err := m.Count(); err != nil || n != len(names) {
			t.Errorf("counted %d of %d, %v", n, len(names), err)
		}
	}
	want(ours)
	for _, name := range []string{"b", "a", "a"} {
		if err := ours.Add(name); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := ours.Count(); err != nil || n != 2 {
		t.Errorf("counted %d, %v", n, err)
	}
	want(theirs, "a", "b")
	for _, there := range []bool{true, false} {
		if was, err := theirs.Remove("b"); err != nil || was != there {
			t.Errorf("Remove: %v, %v", was, err)
		}
	}
	want(ours, "a")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := ours.Add("b"); err == nil {
		t.Error("marked where there is no folder")
	}
}
