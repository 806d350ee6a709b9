package tftp

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A worker that shares a core again and again goes to one without, if it may,
// and is free to go elsewhere afterwards.
func TestSpread(t *testing.T) {
	runtime.LockOSThread() // and never again another's: its affinity is changed
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	var s spread
	w := seat{worker: 1}
	look := func(beside bool) (moved bool) {
		if s.on[0].Store(0); beside {
			s.on[0].Store(presentCore())
		}
		was := w.moved
		s.look(&w, now)
		return w.moved != was
	}
	for range 100 {
		if look(false) {
			t.Fatal("it moved though it was alone")
		}
	}
	for n := 0; !look(true); n++ { // another core may have been taken meanwhile
		if n == 1000 {
			t.Fatal("it shares a core and doesn't move")
		}
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
		t.Errorf("it may run on %d cores now, and on %d before; %v", after.Count(), before.Count(), err)
	}
	if s.on[0].Load() == s.on[1].Load() && before.Count() > 1 {
		t.Error("it moved to the core where the other is")
	}
	for range 100 {
		if look(true) {
			t.Fatal("it doesn't stay")
		}
	}
	var one unix.CPUSet
	one.Set(int(presentCore()) - 1)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	now = now.Add(stay)
	core := presentCore()
	for range 2 * sharedTooOften {
		if look(true); presentCore() != core {
			t.Fatal("it moved to where it may not be")
		}
	}
}
