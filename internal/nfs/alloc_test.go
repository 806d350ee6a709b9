//go:build !race

// With the race detector, sync.Pool loses some of what it is given.

package nfs

import "testing"

// TestNoAllocation has a call take nothing of the heap: it is made thousands of times a second.
func TestNoAllocation(t *testing.T) {
	r := newCaller(t, serverOf(t, small()))
	call := record(programNFS, versionNFS, 1, r.file(r.root(), "run"))
	got := testing.AllocsPerRun(100, func() {
		if !r.c.reply(call, r.c.begin()) {
			t.Fatal("no reply")
		}
		r.c.releaseExports()
	})
	if got > 0 {
		t.Errorf("%v allocations", got)
	}
}
