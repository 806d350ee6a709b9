package nfs

import "encoding/binary"

// decoder reads what XDR wrote (RFC 4506). After the first thing that isn't there it is bad,
// and gives zeros.
type decoder struct {
	b   []byte
	bad bool
}

// take is the next n bytes, and what pads them to a multiple of four.
func (d *decoder) take(n uint32) []byte {
	padded := (uint64(n) + 3) &^ 3
	if d.bad || padded > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[padded:]
	return p
}

func (d *decoder) uint32() uint32 {
	if p := d.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if p := d.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// opaque is bytes of variable length, most of them at most. They are part of the call.
func (d *decoder) opaque(most uint32) []byte {
	n := d.uint32()
	if n > most {
		d.bad = true
		return nil
	}
	return d.take(n)
}

// encoder writes XDR behind what there is.
type encoder struct{ b []byte }

func (e *encoder) uint32(v uint32) { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *encoder) uint64(v uint64) { e.b = binary.BigEndian.AppendUint64(e.b, v) }

func (e *encoder) bool(v bool) {
	if v {
		e.uint32(1)
		return
	}
	e.uint32(0)
}

// opaque writes bytes of variable length.
func (e *encoder) opaque(s string) {
	e.uint32(uint32(len(s)))
	e.b = append(e.b, s...)
	e.pad(len(s))
}

// pad ends what has n bytes at a multiple of four.
func (e *encoder) pad(n int) {
	var zeros [3]byte
	e.b = append(e.b, zeros[:-n&3]...)
}

// zeros writes n words of zeros.
func (e *encoder) zeros(n int) {
	for range n {
		e.uint32(0)
	}
}
