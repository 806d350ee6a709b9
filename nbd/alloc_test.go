package nbd

import (
	"context"
	"testing"
)

// TestSteadyState: once buffers are there, commands allocate nothing, neither
// in the server nor in the client.
func TestSteadyState(t *testing.T) {
	m := newMemory(1 << 20)
	for _, o := range []Options{{}, {NoStructured: true}} {
		c := dial(t, serve(t, &Server{Exports: Fixed{{Device: m}}}), o)
		p, ctx := make([]byte, 128<<10), context.Background()
		commands := func() {
			if c.Write(ctx, p[:4096], 4096, 0) != nil || c.Read(ctx, p[:4096], 8192) != nil || c.Read(ctx, p, 0) != nil ||
				c.Flush(ctx) != nil {
				t.Fatal("a command failed")
			}
		}
		for range 100 {
			commands()
		}
		if n := testing.AllocsPerRun(500, commands); n > 0 && !racing {
			t.Errorf("%v allocations in four commands", n)
		}
	}
}
