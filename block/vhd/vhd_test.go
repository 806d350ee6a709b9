package vhd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/imagemap/imagemaptest"
	"github.com/spurboot/spur/block/vhd"
)

func image(t testing.TB, size int, options string) (name string, want []byte) {
	t.Helper()
	return imagemaptest.Image(t, "vpc", options, size, 3)
}

func open(t testing.TB, name string, options vhd.Options) block.Device {
	t.Helper()
	file := imagemaptest.File(t, name)
	d, err := vhd.Open(t.Context(), file, options)
	if err != nil {
		_ = file.Close()
		t.Fatal(err)
	}
	return d
}

func TestAsQEMU(t *testing.T) {
	for _, options := range []string{
		"subformat=fixed", "subformat=dynamic", "subformat=fixed,force_size=on", "subformat=dynamic,force_size=on",
	} {
		for _, size := range []int{700 * 512, 9 << 20} {
			t.Run(fmt.Sprint(options, size), func(t *testing.T) {
				name, want := image(t, size, options)
				d := open(t, name, vhd.Options{})
				defer func() { _ = d.Close() }()
				got := make([]byte, d.Size())
				if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%v; %d bytes, QEMU %d", err, len(got), len(want))
				}
			})
		}
	}
}

func TestContract(t *testing.T) {
	for _, kind := range []string{"fixed", "dynamic"} {
		name, _ := image(t, 600<<10, "force_size=on,subformat="+kind)
		blocktest.Run(t, func(t *testing.T) block.Device { return open(t, name, vhd.Options{}) })
	}
	name, _ := differencing(t)
	blocktest.Run(t, func(t *testing.T) block.Device { return open(t, name, vhd.Options{Parent: parent}) })
}

// parent is a disk of ones, shorter than the images.
func parent(context.Context, string) (block.Device, error) {
	d := block.NewMemory(300 << 10)
	return d, d.Write(context.Background(), bytes.Repeat([]byte{1}, 300<<10), 0, 0)
}

// differencing makes a differencing image of a dynamic one, since QEMU can't:
// every third sector of the blocks that are there is its own.
func differencing(t testing.TB) (name string, want []byte) {
	name, own := image(t, 600<<10, "force_size=on,subformat=dynamic")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	seal := func(p []byte, at int) {
		clear(p[at : at+4])
		total := uint32(0)
		for _, b := range p {
			total += uint32(b)
		}
		be.PutUint32(p[at:], ^total)
	}
	for _, at := range []int{0, len(p) - 512} {
		be.PutUint32(p[at+60:], 4)
		seal(p[at:at+512], 64)
	}
	for i, b := range []byte("p.vhd") {
		p[512+64+2*i+1] = b
	}
	seal(p[512:512+1024], 36)
	bitmap := p[int(be.Uint32(p[be.Uint64(p[512+16:]):]))*512:]
	want = make([]byte, len(own))
	for i := range len(own) / 512 {
		bitmap[i/8] &^= 0x80 >> (i % 8)
		switch {
		case i%3 == 0:
			bitmap[i/8] |= 0x80 >> (i % 8)
			copy(want[i*512:], own[i*512:][:512])
		case i < 600:
			copy(want[i*512:], bytes.Repeat([]byte{1}, 512))
		}
	}
	if err := os.WriteFile(name, p, 0o600); err != nil {
		t.Fatal(err)
	}
	return name, want
}

func TestDifferencing(t *testing.T) {
	name, want := differencing(t)
	asked := ""
	d := open(t, name, vhd.Options{Parent: func(_ context.Context, name string) (block.Device, error) {
		asked = name
		return parent(t.Context(), name)
	}})
	defer func() { _ = d.Close() }()
	got := make([]byte, d.Size())
	if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) || asked != "p.vhd" {
		t.Errorf("%v, parent %q", err, asked)
	}
	file := imagemaptest.File(t, name)
	defer func() { _ = file.Close() }()
	if _, err := vhd.Open(t.Context(), file, vhd.Options{}); err == nil {
		t.Error("opened though no parent was allowed")
	}
}

// TestOtherParent: over another image than it was made over, an image means
// nothing.
func TestOtherParent(t *testing.T) {
	name, _ := differencing(t)
	other, _ := image(t, 600<<10, "subformat=dynamic")
	file := imagemaptest.File(t, name)
	defer func() { _ = file.Close() }()
	_, err := vhd.Open(t.Context(), file, vhd.Options{Parent: func(context.Context, string) (block.Device, error) { return open(t, other, vhd.Options{}), nil }})
	if !errors.Is(err, imagemap.ErrOtherParent) {
		t.Errorf("over another parent: %v", err)
	}
}

func TestCutFile(t *testing.T) {
	name, _ := image(t, 600<<10, "subformat=dynamic")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 100, 512, 1535, 1536, 2000, 100000} {
		d, err := vhd.Open(t.Context(), blocktest.NewRecorder(p[:n]), vhd.Options{})
		if err == nil { // by the copy of the footer
			err = d.Read(t.Context(), make([]byte, d.Size()), 0)
		}
		if !errors.Is(err, imagemap.ErrDamaged) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, kind := range []string{"fixed", "dynamic"} {
		name, _ := image(f, 20<<10, "force_size=on,subformat="+kind)
		p, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p[:min(len(p), 8192)], p[len(p)-512:])
	}
	f.Fuzz(func(t *testing.T, start, end []byte) {
		// Checksums are for accidents; here they would keep everything out.
		seal := func(p []byte, at, n, sum int) {
			if len(p) >= at+n {
				total := uint32(0)
				for i, b := range p[at : at+n] {
					if i < sum || i >= sum+4 {
						total += uint32(b)
					}
				}
				binary.BigEndian.PutUint32(p[at+sum:], ^total)
			}
		}
		start, end = bytes.Clone(start), bytes.Clone(end)
		seal(start, 0, 512, 64)
		seal(start, 512, 1024, 36)
		seal(end, 0, 512, 64)
		d, err := vhd.Open(t.Context(), blocktest.NewRecorder(append(start, end...)), vhd.Options{Parent: parent})
		if err != nil {
			return
		}
		imagemaptest.Look(t, d)
	})
}
