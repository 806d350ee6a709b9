package nfs

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// A call takes little of the heap beside its handle: it is made thousands of times a second.
func TestAllocations(t *testing.T) {
	r := newCaller(t, serverOf(t, small()))
	call, e := record(programNFS, versionNFS, 1, r.file(r.root(), "run")), &encoder{make([]byte, 0, 4<<10)}
	got := testing.AllocsPerRun(100, func() {
		e.b = e.b[:0]
		if !r.c.reply(call, e) {
			t.Fatal("no reply")
		}
		r.c.releaseExports()
	})
	if got > 10 {
		t.Errorf("%v allocations", got)
	}
}

// BenchmarkCalls is what calls cost but for the connection.
func BenchmarkCalls(b *testing.B) {
	files := fstest.MapFS{}
	for i := range 1000 {
		files[fmt.Sprintf("pool/package-%04d", i)] = &fstest.MapFile{Data: make([]byte, 4096), Mode: 0o444}
	}
	r := newCaller(b, serverOf(b, files))
	pool := r.file(r.root(), "pool")
	file := r.file(pool, "package-0500")
	for name, call := range map[string][]byte{
		"READ":        record(programNFS, versionNFS, 6, file, uint64(0), 4096),
		"GETATTR":     record(programNFS, versionNFS, 1, file),
		"LOOKUP":      record(programNFS, versionNFS, 3, pool, "package-0500"),
		"READDIRPLUS": record(programNFS, versionNFS, 17, pool, uint64(0), uint64(0), 8192, 32768),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			e := &encoder{make([]byte, 0, 64<<10)}
			for b.Loop() {
				e.b = e.b[:0]
				if !r.c.reply(call, e) {
					b.Fatal("no reply")
				}
				r.c.releaseExports()
				r.c.account.Give(r.c.held)
				r.c.held = 0
			}
			b.SetBytes(int64(len(e.b)))
		})
	}
}
