package qcow2_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/qcow2"
)

// What QEMU has made is whole, and cut off it is told so, wherever it was cut.
func TestWhole(t *testing.T) {
	for _, options := range []string{"cluster_size=64k", "cluster_size=512", "refcount_bits=1", "refcount_bits=64", "preallocation=metadata"} {
		t.Run(options, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "image.qcow2")
			for _, line := range []string{"qemu-img create -q -f qcow2 -o " + options + " " + name + " 16M", "qemu-io -c 'write -P 7 3M 4M' " + name} {
				if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
					t.Fatalf("%s: %v: %s", line, err, out)
				}
			}
			if err := whole(t, name); err != nil {
				t.Error(err)
			}
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []int64{info.Size() * 9 / 10, info.Size() / 2} {
				if err := os.Truncate(name, part); err != nil {
					t.Fatal(err)
				}
				if err := whole(t, name); !errors.Is(err, qcow2.ErrCutOff) || !strings.Contains(err.Error(), "cut off") {
					t.Errorf("%d of %d bytes: %v", part, info.Size(), err)
				}
			}
		})
	}
}

func whole(t *testing.T, name string) error {
	t.Helper()
	f, err := block.OpenFile(name, block.FileOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	img, err := qcow2.Open(t.Context(), f, qcow2.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	return img.Whole()
}
