package cpio

import (
	"bytes"
	"slices"
	"testing"
)

func archive(t testing.TB) []byte {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.File("etc/motd", 0o644, []byte("hello"))
	w.Link("bin/sh", "busybox")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadEntryReadsWhatAWriterWrites(t *testing.T) {
	b := archive(t)
	var names []string
	at := int64(0)
	for {
		e, ok, err := ReadEntry(bytes.NewReader(b), at)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		names, at = append(names, e.Name), e.Next
	}
	if want := []string{"etc", "etc/motd", "bin", "bin/sh", Trailer}; !slices.Equal(names, want) || at != int64(len(b)) {
		t.Errorf("%q up to %d of %d bytes", names, at, len(b))
	}
}

func FuzzReadEntry(f *testing.F) {
	f.Add(archive(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok, err := ReadEntry(bytes.NewReader(b), 0)
		if err != nil || ok && (e.Next < headerSize || len(e.Name) > maxName) {
			t.Errorf("%+v, %v", e, err)
		}
	})
}
