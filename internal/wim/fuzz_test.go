package wim_test

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/wim"
)

// FuzzOpen changes two places of a good WIM, and looks for files in whatever is there then.
func FuzzOpen(f *testing.F) {
	var good [][]byte
	for _, options := range [][]string{{"x", "--boot", "--compress=LZX"}, {"x", "--boot", "--compress=none"}} {
		b, err := os.ReadFile(made(f, options, "Windows/Boot/DVD/PCAT/BCD", "Windows/Boot/EFI/bootmgfw.efi", "a"))
		if err != nil {
			f.Fatal(err)
		}
		good = append(good, b)
	}
	f.Add(uint8(0), uint32(72), []byte{0xff}, uint32(104), []byte{1, 2})
	f.Add(uint8(1), uint32(96), []byte{0xff, 0xff}, uint32(400), []byte{0})
	f.Fuzz(func(_ *testing.T, which uint8, at uint32, bytes1 []byte, at2 uint32, bytes2 []byte) {
		b := slices.Clone(good[int(which)%len(good)])
		copy(b[int(at)%len(b):], bytes1)
		copy(b[int(at2)%len(b):], bytes2)
		w, err := wim.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for index := range 3 {
			if tree, err := w.Tree(index); err == nil {
				tree.Has("Windows/Boot/DVD/PCAT/BCD")
			}
		}
	})
}

// FuzzTree reads any folders.
func FuzzTree(f *testing.F) {
	b, err := os.ReadFile(made(f, []string{"x", "--boot", "--compress=none"}, "Windows/a", "b"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[208:])
	f.Fuzz(func(_ *testing.T, b []byte) { wim.TreeOf(b).Has("Windows/a/b") })
}
