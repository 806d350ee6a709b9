package nfs

import (
	"fmt"
	"testing"
	"testing/fstest"
)

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
			for b.Loop() {
				if !r.c.reply(call, r.c.begin()) {
					b.Fatal("no reply")
				}
				r.c.releaseExports()
				r.c.release()
			}
			b.SetBytes(int64(len(r.c.replies.writing.b)))
		})
	}
}
