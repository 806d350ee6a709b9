package image

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// packed is a gzip file.
func packed(t *testing.T, b []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	if _, err := z.Write(b); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Of Multiboot kernels Xen is told by what it says of itself, whatever its file is called, and
// wherever that lies; a kernel of a guest, which names Xen too, is none.
func TestXenAmongMultiboot(t *testing.T) {
	path, err := lab.Unpacked("xen-hypervisor-4.17-amd64", "boot/xen-*-amd64.gz")
	if err != nil {
		t.Fatal(err)
	}
	debian, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flat := func(at int, text string) []byte {
		return blank(300<<10, map[int]string{0: header1(1 << 16), at: text})
	}
	for _, test := range []struct {
		name string
		file []byte
		want bool
	}{
		{"Debian's", debian, true},
		{"Debian's, cut off before", debian[:200<<10], false},
		{"over the end of a part", flat(64<<10-5, xenBanner), true},
		{"at the end", flat(300<<10-len(xenBanner), xenBanner), true},
		{"packed", packed(t, flat(200<<10, xenBanner)), true},
		{"a guest's kernel", flat(4096, ": Xen version %d.%d%s\n"), false},
		{"another one", flat(4096, "xen"), false},
		{"another one, packed", packed(t, flat(4096, "xen")), false},
	} {
		for _, size := range []int64{int64(len(test.file)), -1} {
			found, err := Look(bytes.NewReader(test.file), size)
			if err != nil || found.Xen != test.want {
				t.Errorf("%s of %d bytes: %v, %v", test.name, size, found.Xen, err)
			}
		}
	}
}
