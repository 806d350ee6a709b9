package tree

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nbi"
	"github.com/spurboot/spur/internal/route"
)

// A tagged image is served as a kernel: what starts it, which knows who asks, and behind
// that the file. One that has become something else since isn't.
func TestTagged(t *testing.T) {
	image := make([]byte, nbi.HeaderLen+3)
	copy(image, nbi.Magic)
	for n, word := range []uint32{4, 0x9200_0000, 0x1000_0000, 0x04000004, 0x10000, 3, 3} {
		binary.LittleEndian.PutUint32(image[4+4*n:], word)
	}
	path := filepath.Join(t.TempDir(), "image.nbi")
	if err := os.WriteFile(path, image, 0o644); err != nil {
		t.Fatal(err)
	}
	program := make([]byte, 0xc00)
	copy(program[0x600:], "SpurNBI1")
	content := boot.Tagged{Image: boot.File{Source: path}}
	tr, _ := newTree(t)
	tr.Sources.Local = NamedFiles(content.Files())
	urls := tr.URLs(ipxe, route.Configured(boot.IPXE, route.HTTP), boot.Payload{Content: content}, overHTTP)
	at := strings.TrimPrefix(urls.Kernel, "http://10.0.0.1/")
	if _, err := tr.Open(t.Context(), at, overHTTP); err == nil {
		t.Error("it is served without what starts it")
	}
	tr.Loaders = append(tr.Loaders, route.Binary{Build: route.FindLoader(boot.NBIStarter).Builds[0], Content: program})
	got := read(t, tr, at, overHTTP)
	if len(got) != len(program)+len(image) || got[len(program):] != string(image) {
		t.Fatalf("%d bytes", len(got))
	}
	if record := got[0xa00:]; record[20:24] != "\x0a\x00\x00\x01" || record[28:34] != string(ipxe.MAC[:]) {
		t.Errorf("the record is % x", record[:34])
	}
	if e, ok := tr.Describe(at, overHTTP.Server); !ok || e.Role != route.Kernel || !e.Last {
		t.Errorf("it is told of as %+v", e)
	}
	if err := os.WriteFile(path, []byte("another file"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Open(t.Context(), at, overHTTP); err == nil || !strings.Contains(err.Error(), "image.nbi can't be started: it has 12 bytes") {
		t.Errorf("another file: %v", err)
	}
}
