package pagecache

import (
	"testing"
	"time"
)

// TestResidence: what is in memory is believed to be there for a while; what
// isn't is looked for less and less often.
func TestResidence(t *testing.T) {
	r := newResidence(3*region + 1)
	if len(r) != 4 || len(newResidence(1<<60)) != mostRegions {
		t.Fatalf("%d regions", len(r))
	}
	looks, there := 0, false
	look := func(int64) bool { looks++; return there }
	read := func(no int64, now time.Duration, n int) (had int) {
		for range n {
			if r.has(no, now, look) {
				had++
			}
		}
		return had
	}
	if had := read(2, 0, 100000); had != 0 || looks < 90 || looks > 110 {
		t.Errorf("looked %d times for 100000 reads of what isn't there, and had %d", looks, had)
	}
	looks, there = 0, true
	if had := read(0, 0, 100); had != 100-leastReads+1 || looks != 1 {
		t.Errorf("had %d of 100 reads, and looked %d times", had, looks)
	}
	if had := read(0, believed-1, 10); had != 10 || looks != 1 {
		t.Errorf("had %d of 10 reads, and looked %d times", had, looks)
	}
	there = false
	if had := read(0, believed, 1); had != 0 || looks != 2 {
		t.Errorf("had %d reads of what was there once, and looked %d times", had, looks)
	}
	// Another region in its place.
	there = true
	if read(1, 0, leastReads); !r.has(1, 0, look) || r.has(5, 0, look) || r.has(1, 0, look) {
		t.Error("one region was taken for another")
	}
}
