package nfs

import (
	"bytes"
	"testing"
)

// FuzzReply has any call replied to. The reply is bounded by what the call asks for.
func FuzzReply(f *testing.F) {
	s := serverOf(f, small())
	r := newCaller(f, s)
	root := r.root()
	file := r.file(root, "run")
	for procedure := range uint32(22) {
		f.Add(record(programNFS, versionNFS, procedure, root, "live", uint64(0), 4096, 4096))
		f.Add(record(programNFS, versionNFS, procedure, file, uint64(0), uint64(0), 4096, 4096))
		f.Add(record(programMount, versionMount, procedure, testPath))
		f.Add(record(programPortmap, versionPortmap, procedure, programNFS, 3, overTCP, 0))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		e := r.c.begin()
		r.c.reply(record, e)
		r.c.releaseExports()
		r.c.release()
		if len(e.b) > mostFolder+around || len(e.b)%4 != 0 {
			t.Errorf("%d bytes", len(e.b))
		}
	})
}

// FuzzRecord reads records in fragments.
func FuzzRecord(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 4, 1, 2, 3, 4})
	f.Add([]byte{0, 0, 0, 2, 1, 2, 0x80, 0, 0, 2, 3, 4})
	f.Add(bytes.Repeat([]byte{0, 0, 0, 0}, 20))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, stream []byte) {
		record, err := readRecord(bytes.NewReader(stream), nil, func() {})
		if len(record) > mostCall || err == nil && len(record) > len(stream)-4 {
			t.Errorf("%d bytes of %d", len(record), len(stream))
		}
	})
}
