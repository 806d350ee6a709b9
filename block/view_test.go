package block_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
)

func TestReadOnly(t *testing.T) {
	blocktest.Run(t, func(t *testing.T) block.Device {
		m := block.NewMemory(300001)
		if err := m.Write(t.Context(), bytes.Repeat([]byte("spur"), 9000), 70000, 0); err != nil {
			t.Fatal(err)
		}
		return block.ReadOnly(m)
	})
}

// around refuses to be touched outside of the section, and checks it when it is
// closed.
type around struct {
	block.Device
	t *testing.T
}

func (a around) Close() error {
	for _, off := range []int64{0, 1000 + 300001} {
		p := make([]byte, 1000)
		if err := a.Read(context.Background(), p, off); err != nil {
			a.t.Error(err)
		}
		if !bytes.Equal(p, bytes.Repeat([]byte{0xAA}, 1000)) {
			a.t.Errorf("what lies outside of the section, at %d, was changed", off)
		}
	}
	return a.Device.Close()
}

func TestSection(t *testing.T) {
	blocktest.Run(t, func(t *testing.T) block.Device {
		m := block.NewMemory(2000 + 300001)
		if err := m.Write(t.Context(), bytes.Repeat([]byte{0xAA}, 2000+300001), 0, 0); err != nil {
			t.Fatal(err)
		}
		d, err := block.Section(around{m, t}, 1000, 300001)
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}

func TestSectionOutside(t *testing.T) {
	m := block.NewMemory(4096)
	for _, r := range [][2]int64{{-1, 5}, {0, 4097}, {4096, 1}, {math.MaxInt64, math.MaxInt64}, {1, math.MaxInt64}, {0, -1}} {
		if _, err := block.Section(m, r[0], r[1]); !errors.Is(err, block.ErrOutOfRange) {
			t.Errorf("%d bytes at %d: %v", r[1], r[0], err)
		}
	}
}
