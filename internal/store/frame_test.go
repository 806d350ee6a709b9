package store

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sound returns a file of some frames.
func sound() []byte {
	c := contents{mark: version + strings.Repeat("m", markSize-len(version))}
	var file []byte
	add := func(revision int64, records ...stored) {
		byKey := map[string]stored{}
		for _, s := range records {
			byKey[s.Key] = s
		}
		b := c.frame(revision, byKey)
		c.passed(len(b))
		file = append(file, b...)
	}
	add(0)
	add(1, stored{Record: Record{Key: "a", Value: []byte("1"), Revision: 1}})
	add(3, stored{Record: Record{Key: "a"}}, stored{Record: Record{Key: "b", Value: []byte{}, Revision: 2}, expires: 1 << 60})
	add(3)
	return file
}

// FuzzRead checks that any bytes at worst give an error, as a file and as a frame
// whose checksum is right.
func FuzzRead(f *testing.F) {
	file := sound()
	f.Add(file)
	for _, at := range []int{0, 3, markSize, headSize - 1, headSize, headSize + 8, len(file) - 1} {
		b := bytes.Clone(file)
		b[at] ^= 0x40
		f.Add(b)
		f.Add(file[:at])
	}
	for first := (&contents{}); ; {
		body := first.bodyAt(file)
		if body == nil {
			break
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		readTwice(t, b)
		c := contents{mark: version + strings.Repeat("m", markSize-len(version))}
		readTwice(t, append(c.head(b), b...))
	})
}

// bodyAt is the body of the next frame, behind which it goes on.
func (c *contents) bodyAt(file []byte) []byte {
	c.mark = string(file[:markSize])
	body := c.body(file)
	c.passed(headSize + len(body))
	return body
}

// readTwice checks that what was read and is written again is read as it was.
func readTwice(t *testing.T, b []byte) {
	c, err := read(b)
	if err != nil {
		if !errors.Is(err, errDamaged) {
			t.Error(err)
		}
		return
	}
	if c.end > int64(len(b)) {
		t.Fatalf("%d bytes of %d", c.end, len(b))
	}
	next := contents{mark: version + strings.Repeat("n", markSize-len(version))}
	again, err := read(next.frame(c.revision, c.records))
	if err != nil || c.revision >= 0 && again.revision != c.revision || !maps.EqualFunc(c.records, again.records, same) {
		t.Errorf("%v; %d records of revision %d, then %d of %d", err, len(c.records), c.revision, len(again.records), again.revision)
	}
}

func same(a, b stored) bool {
	return a.Key == b.Key && bytes.Equal(a.Value, b.Value) && a.Revision == b.Revision && a.expires == b.expires
}

// A crash while the records are written to the other file leaves all that there
// is in one of both.
func TestCrashWhileCompacting(t *testing.T) {
	records := map[string]stored{"a": {Record: Record{Key: "a", Value: []byte("1"), Revision: 7}}, "b": {Record: Record{Key: "b", Value: []byte("2"), Revision: 3}}}
	old := contents{mark: version + strings.Repeat("o", markSize-len(version))}
	before := old.frame(7, records)
	old.passed(len(before))
	before = append(before, old.frame(7, nil)...)
	next := contents{mark: version + strings.Repeat("n", markSize-len(version))}
	after := next.frame(7, records)
	check := func(what string, want map[string]stored, files ...[]byte) {
		t.Helper()
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			dir := t.TempDir()
			for i, name := range []string{"spur.store.0", "spur.store.1"} {
				if err := os.WriteFile(filepath.Join(dir, name), files[order[i]], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				s, err := Open(dir)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if got := s.(*memory).records; !maps.EqualFunc(got, want, same) {
					t.Errorf("%s: %v", what, got)
				}
				s.Close()
			}
		}
	}
	for cut := range len(after) + 1 {
		check("in the middle", records, before, after[:cut])
		zeros := append(bytes.Clone(after[:cut]), make([]byte, len(after)-cut)...)
		check("with zeros", records, before, zeros)
	}
	check("once the old file is empty", records, nil, after)
	next.passed(len(after))
	more := maps.Clone(records)
	more["c"] = stored{Record: Record{Key: "c", Value: []byte("3"), Revision: 8}}
	after = append(after, next.frame(8, map[string]stored{"c": more["c"], "a": {Record: Record{Key: "a"}}})...)
	delete(more, "a")
	check("with the old file still there", more, before, after)
}

// After an fsync that failed, nothing is written any more, and what is there can
// be read.
func TestFailedSync(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := s.(*memory)
	if _, err := s.Apply(t.Context(), nil, Change{Key: "k", Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0) // which takes everything and syncs nothing
	if err != nil {
		t.Fatal(err)
	}
	real := m.journal.files[0]
	m.journal.files[0] = null
	wantFault := func() {
		t.Helper()
		if _, err := s.Apply(t.Context(), nil, Change{Key: "k", Delete: true}); err == nil || !strings.Contains(err.Error(), "restart spur") {
			t.Errorf("a change is answered by %v", err)
		}
	}
	wantFault()
	m.journal.files[0] = real
	null.Close()
	wantFault()
	if r, ok, err := s.Get(t.Context(), "k"); err != nil || !ok || string(r.Value) != "v" {
		t.Errorf("%v, %v, %v", r, ok, err)
	}
	if err := s.Close(); err == nil {
		t.Error("Close says nothing")
	}
}
