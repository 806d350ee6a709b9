package blocktest

import (
	"context"
	"testing"

	"github.com/spurboot/spur/block"
	"pgregory.net/rapid"
)

// testModel runs random operations on a device and on a slice of bytes.
func testModel(t *testing.T, open func(t *testing.T) block.Device) {
	rapid.Check(t, func(r *rapid.T) {
		d := open(t)
		m := &model{T: r, ctx: context.Background(), dev: d, want: make([]byte, d.Size())}
		defer func() { m.must("close", d.Close()) }()
		m.must("read all", d.Read(m.ctx, m.want, 0))
		r.Repeat(m.actions())
		m.compare(0, d.Size())
	})
}

func (m *model) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){"read": m.read, "extents": m.extents, "flush": m.flush}
	if !m.dev.Caps().ReadOnly {
		actions["write"], actions["write again"], actions["zero"], actions["trim"] = m.write, m.write, m.zero, m.trim
	}
	return actions
}

type model struct {
	*rapid.T
	ctx  context.Context
	dev  block.Device
	want []byte
}

func (m *model) must(what string, err error) {
	m.Helper()
	if err != nil {
		m.Fatalf("%s: %v", what, err)
	}
}

// place draws a range; small numbers are near both ends of sectors.
func (m *model) place(r *rapid.T) (off, n int64) {
	size := int64(len(m.want))
	unit := rapid.SampledFrom([]int64{1, 512, 4096, 65536}).Draw(r, "unit")
	off = unit * rapid.Int64Range(0, (size-1)/unit).Draw(r, "off")
	unit = rapid.SampledFrom([]int64{1, 512, 4096}).Draw(r, "unit of length")
	n = unit * rapid.Int64Range(0, 40).Draw(r, "n")
	return off, min(n, size-off)
}

func (m *model) compare(off, n int64) {
	m.Helper()
	got := make([]byte, n)
	m.must("read", m.dev.Read(m.ctx, got, off))
	if at, differs := difference(got, m.want[off:off+n]); differs {
		m.Fatalf("byte %d is %#02x, not %#02x", off+at, got[at], m.want[off+at])
	}
}

func (m *model) read(r *rapid.T) { m.compare(m.place(r)) }

func (m *model) write(r *rapid.T) {
	off, n := m.place(r)
	p := make([]byte, n)
	first := rapid.Byte().Draw(r, "first byte")
	for i := range p {
		p[i] = first + byte(i>>3)
	}
	m.must("write", m.dev.Write(m.ctx, p, off, block.WriteFlags(rapid.IntRange(0, 1).Draw(r, "flags"))))
	copy(m.want[off:], p)
	m.compare(off, n)
}

func (m *model) zero(r *rapid.T) {
	off, n := m.place(r)
	m.must("zero", m.dev.Zero(m.ctx, off, n, block.ZeroFlags(rapid.IntRange(0, 3).Draw(r, "flags"))))
	clear(m.want[off : off+n])
	m.compare(off, n)
}

func (m *model) trim(r *rapid.T) {
	off, n := m.place(r)
	m.must("trim", m.dev.Trim(m.ctx, off, n))
	got := make([]byte, n)
	m.must("read", m.dev.Read(m.ctx, got, off))
	for i, b := range got {
		if b != 0 && (m.dev.Caps().TrimZeroes || b != m.want[off+int64(i)]) {
			m.Fatalf("trim: byte %d reads as %#02x", off+int64(i), b)
		}
	}
	copy(m.want[off:], got)
}

func (m *model) flush(*rapid.T) { m.must("flush", m.dev.Flush(m.ctx)) }

func (m *model) extents(r *rapid.T) {
	off, n := m.place(r)
	err := extentsFit(m.dev, off, n, m.want, func(off, n int64, yield func(block.Extent) bool) error {
		return m.dev.Extents(m.ctx, off, n, yield)
	})
	m.must("extents", err)
}
