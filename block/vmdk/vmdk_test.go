package vmdk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/imagemap/imagemaptest"
	"github.com/spurboot/spur/block/vmdk"
)

func image(t testing.TB, size int, options string) (name string, want []byte) {
	t.Helper()
	return imagemaptest.Image(t, "vmdk", options, size, 3)
}

func open(t testing.TB, name string) block.Device {
	t.Helper()
	d, err := vmdk.Open(t.Context(), imagemaptest.File(t, name), vmdk.Options{
		Extent: func(_ context.Context, other string) (block.Source, error) {
			if filepath.Base(other) != other {
				return nil, fmt.Errorf("%s is elsewhere", other)
			}
			return imagemaptest.File(t, filepath.Join(filepath.Dir(name), other)), nil
		},
		Parent: func(_ context.Context, other string) (block.Device, error) {
			return open(t, filepath.Join(filepath.Dir(name), filepath.Base(other))), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var formats = []string{
	"subformat=monolithicSparse", "subformat=monolithicFlat", "subformat=twoGbMaxExtentSparse",
	"subformat=twoGbMaxExtentFlat", "subformat=streamOptimized", "subformat=monolithicSparse,zeroed_grain=on",
}

func TestAsQEMU(t *testing.T) {
	for _, options := range formats {
		for _, size := range []int{700 * 512, 9<<20 + 512} {
			name, want := image(t, size, options)
			d := open(t, name)
			got := make([]byte, d.Size())
			if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v; %d bytes, QEMU %d", options, err, len(got), len(want))
			}
			_ = d.Close()
		}
	}
}

func TestContract(t *testing.T) {
	for _, options := range []string{formats[0], formats[2], formats[4]} {
		name, _ := image(t, 700*512, options)
		blocktest.Run(t, func(t *testing.T) block.Device { return open(t, name) })
	}
}

// TestOverlay has qemu-io write to an overlay with a parent, and zero.
func TestOverlay(t *testing.T) {
	base, want := image(t, 700*512, formats[0])
	name := filepath.Join(filepath.Dir(base), "overlay.vmdk")
	imagemaptest.QEMUImg(t, "create", "-f", "vmdk", "-b", base, "-F", "vmdk", "-o", "zeroed_grain=on", name)
	out, err := exec.Command("qemu-io", "-f", "vmdk", "-c", "write -P 9 100000 30000", "-c", "write -z 131072 65536", name).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-io (package qemu-utils): %v: %s", err, out)
	}
	copy(want[100000:], bytes.Repeat([]byte{9}, 30000))
	clear(want[131072 : 131072+65536])
	d := open(t, name)
	got := make([]byte, d.Size())
	if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v; other bytes: %v", err, !bytes.Equal(got, want))
	}
	_ = d.Close()
	f := imagemaptest.File(t, name)
	defer func() { _ = f.Close() }()
	if _, err := vmdk.Open(t.Context(), f, vmdk.Options{}); err == nil {
		t.Error("opened though no parent was allowed")
	}
	blocktest.Run(t, func(t *testing.T) block.Device { return open(t, name) })
}

// TestHeaderAtEnd is an image that was written in one go, so that its header
// refers to another one at the end.
func TestHeaderAtEnd(t *testing.T) {
	name, want := image(t, 700*512, "subformat=streamOptimized")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p = append(p, make([]byte, (512-len(p)%512)%512)...)
	p = append(p, p[:512]...)
	p = append(p, make([]byte, 512)...)
	copy(p[56:64], bytes.Repeat([]byte{0xFF}, 8))
	d, err := vmdk.Open(t.Context(), blocktest.NewRecorder(p), vmdk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, d.Size())
	if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, %d bytes", err, len(got))
	}
	copy(p[len(p)-1024+56:], bytes.Repeat([]byte{0xFF}, 8))
	if _, err := vmdk.Open(t.Context(), blocktest.NewRecorder(p), vmdk.Options{}); !errors.Is(err, imagemap.ErrDamaged) {
		t.Errorf("a header that refers to itself: %v", err)
	}
}

// several is a descriptor of a file, a hole and a part of the file.
const several = `# Disk DescriptorFile
version=1
parentCID=ffffffff
createType="custom"
RW 100 FLAT "a" 8
RW 1000 ZERO
NOACCESS 5 FLAT "a" 0
RDONLY 200 VMFS "a"
`

func TestSeveral(t *testing.T) {
	content := bytes.Repeat([]byte("spur"), 300*128)
	options := vmdk.Options{Extent: func(context.Context, string) (block.Source, error) { return blocktest.NewRecorder(content), nil }}
	blocktest.Run(t, func(t *testing.T) block.Device {
		d, err := vmdk.Open(t.Context(), blocktest.NewRecorder([]byte(several)), options)
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
	if _, err := vmdk.Open(t.Context(), blocktest.NewRecorder([]byte(several)), vmdk.Options{}); err == nil {
		t.Error("opened though no other files were allowed")
	}
	content = content[:1000]
	if _, err := vmdk.Open(t.Context(), blocktest.NewRecorder([]byte(several)), options); !errors.Is(err, imagemap.ErrDamaged) {
		t.Errorf("an extent beyond its file: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(several), []byte{})
	for _, options := range []string{formats[0], formats[4]} {
		name, _ := image(f, 20<<10, options)
		p, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p[:512], p[512:])
	}
	f.Fuzz(func(t *testing.T, header, rest []byte) {
		content := append(bytes.Clone(header), rest...)
		d, err := vmdk.Open(t.Context(), imagemaptest.NewSource(content), vmdk.Options{
			Extent: func(context.Context, string) (block.Source, error) { return imagemaptest.NewSource(rest), nil },
			Parent: func(context.Context, string) (block.Device, error) { return block.NewMemory(10000), nil },
		})
		if err != nil {
			return
		}
		imagemaptest.Look(t, d)
	})
}

// TestCOWD: what isn't read is called by its name.
func TestCOWD(t *testing.T) {
	for name, text := range map[string]string{
		"a COWD file":         "COWD\x01\x00\x00\x00\x03\x00\x00\x00" + string(make([]byte, 2<<20)),
		"a descriptor of one": "# Disk DescriptorFile\nCID=fffffffe\nparentCID=ffffffff\nRW 2048 VMFSSPARSE \"other.vmdk\"\n",
	} {
		file := filepath.Join(t.TempDir(), "disk.vmdk")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := vmdk.Open(t.Context(), imagemaptest.File(t, file), vmdk.Options{Extent: func(context.Context, string) (block.Source, error) { return nil, errors.New("asked for") }})
		if err == nil || !strings.Contains(err.Error(), "COWD") || !strings.Contains(err.Error(), "qemu-img convert") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
