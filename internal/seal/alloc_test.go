//go:build !race

// With the race detector, sync.Pool loses some of what it is given.

package seal

import "testing"

// TestNoAllocation has sealing and opening take nothing of the heap where there is room.
func TestNoAllocation(t *testing.T) {
	k, plaintext := testKey(t), []byte("a handle of thirty-two bytes, or")
	sealed, opened := make([]byte, 0, MaxToken), make([]byte, 0, MaxPlaintext)
	if n := testing.AllocsPerRun(100, func() {
		sealed = k.AppendSeal(sealed[:0], plaintext)
		if _, err := k.AppendOpen(opened, sealed); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
