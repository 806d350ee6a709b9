package aoe

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// TestDiscover finds targets of ours and of vblade, and none that isn't asked for.
func TestDiscover(t *testing.T) {
	server, client := wire(t, 1500)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := &Server{Targets: []*Target{{Shelf: 1, Slot: 2, Device: block.NewMemory(1 << 20)}, {Shelf: 3, Device: block.NewMemory(1 << 20)}}}
	go func() { ended <- s.Serve(ctx, server) }()
	asking, done := context.WithTimeout(t.Context(), time.Second)
	defer done()
	found, err := Discover(asking, client, 1)
	if want := []Found{{1, 2, server.Address()}}; err != nil || !slices.Equal(found, want) {
		t.Errorf("found %v, want %v; %v", found, want, err)
	}
	stop()
	<-ended
}

// TestDiscoverVblade finds a target that isn't ours.
func TestDiscoverVblade(t *testing.T) {
	i := vblade(t, zeros(t))
	asking, done := context.WithTimeout(t.Context(), time.Second)
	defer done()
	found, err := Discover(asking, i.link, AnyShelf)
	if want := []Found{{1, 0, i.target}}; err != nil || !slices.Equal(found, want) {
		t.Errorf("found %v, want %v; %v", found, want, err)
	}
}

// FuzzFound reads answers of anybody.
func FuzzFound(f *testing.F) {
	answer := (&Target{Shelf: 1, Slot: 2}).advertisement(MAC{2}, 2)
	f.Add([]byte(answer), uint16(1))
	f.Add([]byte{}, AnyShelf)
	f.Fuzz(func(t *testing.T, b []byte, shelf uint16) {
		if got, is := frame(b).found(shelf); is && shelf != AnyShelf && got.Shelf != shelf {
			t.Errorf("%v is not of shelf %d", got, shelf)
		}
	})
}

// zeros is a file for vblade.
func zeros(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "zeros")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
