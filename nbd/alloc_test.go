package nbd

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
	rawdisk "github.com/spurboot/spur/block/raw"
)

// TestSteadyState: once buffers are there, commands allocate nothing, neither
// in the server nor in the client, whether data are copied or spliced.
func TestSteadyState(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	f, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := rawdisk.Create(f, rawdisk.CreateOptions{Size: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	file, err := rawdisk.Open(t.Context(), f, rawdisk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ctx := context.Background()
	if err := file.Write(ctx, make([]byte, 1<<20), 0, 0); err != nil {
		t.Fatal(err)
	}
	for _, d := range []block.Device{newMemory(1 << 20), file} {
		for _, o := range []Options{{}, {NoStructured: true}} {
			c := dial(t, serve(t, &Server{Exports: Fixed{{Device: d}}}), o)
			p := make([]byte, 128<<10)
			commands := func() {
				if c.Write(ctx, p[:4096], 4096, 0) != nil || c.Read(ctx, p[:4096], 8192) != nil || c.Read(ctx, p, 0) != nil ||
					c.Flush(ctx) != nil {
					t.Fatal("a command failed")
				}
			}
			for range 100 {
				commands()
			}
			if n := testing.AllocsPerRun(100, commands); n > 0 && !racing {
				t.Errorf("%T: %v allocations in four commands", d, n)
			}
		}
	}
}

// TestSteadyStateOfWrites: nor do large writes of which the next has come while one
// is carried out.
func TestSteadyStateOfWrites(t *testing.T) {
	r := transmitting(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}})
	both, replies := append(largeAt(1, 0), largeAt(2, 0)...), make([]byte, 2*simpleReplySize)
	writes := func() {
		r.send(both)
		if _, err := io.ReadFull(r.nc, replies); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		writes()
	}
	if n := testing.AllocsPerRun(100, writes); n > 0 && !racing {
		t.Errorf("%v allocations in two writes", n)
	}
}
