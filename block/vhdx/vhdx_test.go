package vhdx_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/imagemap/imagemaptest"
	"github.com/spurboot/spur/block/vhdx"
)

func image(t testing.TB, size int, options string) (name string, want []byte) {
	t.Helper()
	return imagemaptest.Image(t, "vhdx", options, size, 30)
}

func open(t testing.TB, name string) block.Device {
	t.Helper()
	file := imagemaptest.File(t, name)
	d, err := vhdx.Open(t.Context(), file, vhdx.Options{Parent: parent})
	if err != nil {
		_ = file.Close()
		t.Fatal(err)
	}
	return d
}

func TestAsQEMU(t *testing.T) {
	for _, options := range []string{"subformat=fixed", "subformat=dynamic", "block_size=1M", "block_size=16M,block_state_zero=off"} {
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
	name, _ := image(t, 3<<20, "block_size=1M")
	blocktest.Run(t, func(t *testing.T) block.Device { return open(t, name) })
	p, _ := differencing(t)
	blocktest.Run(t, func(t *testing.T) block.Device {
		d, err := vhdx.Open(t.Context(), blocktest.NewRecorder(p), vhdx.Options{Parent: parent})
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}

// parent is a disk of ones, shorter than the images.
func parent(context.Context, map[string]string) (block.Device, error) {
	d := block.NewMemory(300 << 10)
	return d, d.Write(context.Background(), bytes.Repeat([]byte{1}, 300<<10), 0, 0)
}

// find is where an entry with a GUID, given by its first bytes, is.
func find(p []byte, id ...byte) []byte {
	_, after, _ := bytes.Cut(p, id)
	return p[len(p)-len(after)-len(id):]
}

// differencing makes a differencing image of a dynamic one, since QEMU can't:
// every third sector is its own. The bitmap goes to the end of the file.
func differencing(t testing.TB) (p, want []byte) {
	name, own := image(t, 600<<10, "block_size=1M")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	p = append(p, make([]byte, (1<<20-len(p)%(1<<20))%(1<<20))...)
	bitmap := len(p)
	p = append(p, make([]byte, 1<<20)...)
	metadata := le.Uint64(find(p[192<<10:], 0x06, 0xA2, 0x7C, 0x8B)[16:])
	item := find(p[metadata:], 0x37, 0x67, 0xA1, 0xCA)
	p[metadata+uint64(le.Uint32(item[16:]))+4] |= 2 // HasParent
	bat := p[le.Uint64(find(p[192<<10:], 0x66, 0x77, 0xC2, 0x2D)[16:]):]
	le.PutUint64(bat, le.Uint64(bat)|7)
	le.PutUint64(bat[4096*8:], uint64(bitmap)|6) // 2^23 sectors of 512 bytes are 4096 blocks
	want = make([]byte, len(own))
	for i := range len(own) / 512 {
		switch {
		case i%3 == 0:
			p[bitmap+i/8] |= 1 << (i % 8)
			copy(want[i*512:], own[i*512:][:512])
		case i < 600:
			copy(want[i*512:], bytes.Repeat([]byte{1}, 512))
		}
	}
	return p, want
}

func TestDifferencing(t *testing.T) {
	p, want := differencing(t)
	d, err := vhdx.Open(t.Context(), blocktest.NewRecorder(p), vhdx.Options{Parent: parent})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, d.Size())
	if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, %d bytes", err, len(got))
	}
	if _, err := vhdx.Open(t.Context(), blocktest.NewRecorder(p), vhdx.Options{}); err == nil {
		t.Error("opened though no parent was allowed")
	}
}

func seal(p []byte, at, n int) {
	if len(p) >= at+n {
		clear(p[at+4 : at+8])
		binary.LittleEndian.PutUint32(p[at+4:], crc32.Checksum(p[at:at+n], crc32.MakeTable(crc32.Castagnoli)))
	}
}

func TestRefused(t *testing.T) {
	name, _ := image(t, 600<<10, "block_size=1M")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 10, 100 << 10, 200 << 10, 300 << 10, 1 << 20, 2<<20 + 100} {
		if _, err := vhdx.Open(t.Context(), blocktest.NewRecorder(p[:n]), vhdx.Options{}); !errors.Is(err, imagemap.ErrDamaged) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestItemTwice: each item of the metadata is there once at most.
func TestItemTwice(t *testing.T) {
	name, _ := image(t, 600<<10, "block_size=1M")
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	table := p[le.Uint64(find(p[192<<10:], 0x06, 0xA2, 0x7C, 0x8B)[16:]):]
	count := le.Uint16(table[10:])
	copy(table[32+32*int(count):][:32], table[32:])
	le.PutUint16(table[10:], count+1)
	if _, err := vhdx.Open(t.Context(), imagemaptest.NewSource(p), vhdx.Options{}); !errors.Is(err, imagemap.ErrDamaged) {
		t.Error(err)
	}
}

// FuzzOpen changes what tables say: the headers' and the metadata's bytes, and
// those of the block table.
func FuzzOpen(f *testing.F) {
	name, _ := image(f, 600<<10, "block_size=1M")
	p, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	le := binary.LittleEndian
	metadata := int(le.Uint64(find(p[192<<10:], 0x06, 0xA2, 0x7C, 0x8B)[16:]))
	bat := int(le.Uint64(find(p[192<<10:], 0x66, 0x77, 0xC2, 0x2D)[16:]))
	f.Add(p[64<<10:][:80], p[192<<10:][:100], p[metadata:][:300], p[metadata+tableSize:][:100], p[bat:][:64])
	f.Fuzz(func(t *testing.T, header, regions, table, items, blocks []byte) {
		image := bytes.Clone(p)
		put := func(at int, q []byte, most int) { copy(image[at:at+most], q) }
		put(64<<10, header, 4096)
		put(192<<10, regions, tableSize)
		put(metadata, table, tableSize)
		put(metadata+tableSize, items, 4096)
		put(bat, blocks, 4096)
		seal(image, 64<<10, 4096)
		seal(image, 192<<10, tableSize)
		d, err := vhdx.Open(t.Context(), imagemaptest.NewSource(image), vhdx.Options{Parent: parent})
		if err != nil {
			return
		}
		imagemaptest.Look(t, d)
	})
}

const tableSize = 64 << 10
