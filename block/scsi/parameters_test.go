package scsi

import (
	"bytes"
	"testing"
)

// TestFormat: FORMAT UNIT leaves zeros, and refuses what it can't do.
func TestFormat(t *testing.T) {
	p := newDisk(1 << 20)
	p.do(rw10(0x2a, 5, 1), 0, bytes.Repeat([]byte{7}, 512))
	for _, c := range []struct {
		flags byte
		list  []byte
		want  senseCode
	}{
		{0x40, nil, senseFieldInCDB},                             // protection information
		{0x10, []byte{0, 0x08, 0, 0}, senseFieldInList},          // an initialization pattern
		{0x10, []byte{0, 0, 0, 8}, senseFieldInList},             // a defect list
		{0x30, []byte{0, 2, 0, 0}, senseParameterLength},         // the long header's first half
		{0x30, []byte{0, 0, 0, 0, 0, 0, 0, 4}, senseFieldInList}, // a defect list
	} {
		if got := p.do([]byte{0x04, c.flags, 0, 0, 0, 0}, 0, c.list).senseCode(); got != c.want {
			t.Errorf("%#x %x: sense %06x, want %06x", c.flags, c.list, got, c.want)
		}
	}
	if p.do(rw10(0x28, 5, 1), 512, nil); len(p.in) != 512 || p.in[0] != 7 {
		t.Error("a refused FORMAT UNIT has changed the disk")
	}
	if c := p.do([]byte{0x04, 0x10, 0, 0, 0, 0}, 0, []byte{0, 2, 0, 0}); c.Status != Good {
		t.Errorf("status %#x, %06x", c.Status, c.senseCode())
	}
	if p.do(rw10(0x28, 5, 1), 512, nil); !bytes.Equal(p.in, make([]byte, 512)) {
		t.Error("data are left")
	}
}

// TestDiagnostic: the default self-test passes, others aren't there.
func TestDiagnostic(t *testing.T) {
	p := newDisk(1 << 20)
	for flags, want := range map[byte]senseCode{0x04: 0, 0x00: 0, 0x20: senseFieldInCDB} {
		if got := p.do([]byte{0x1d, flags, 0, 0, 0, 0}, 0, nil).senseCode(); got != want {
			t.Errorf("%#x: sense %06x, want %06x", flags, got, want)
		}
	}
}

// TestBlockDescriptor: MODE SELECT takes a block descriptor that changes
// nothing, and no other.
func TestBlockDescriptor(t *testing.T) {
	p := newDisk(1 << 20)
	p.do([]byte{0x1a, 0, 0x08, 0, 255, 0}, 255, nil)
	now := bytes.Clone(p.in)
	if len(now) != 4+8+20 {
		t.Fatalf("%x", now)
	}
	for what, c := range map[string]struct {
		change func(list []byte) []byte
		want   senseCode
	}{
		"the same":         {func(l []byte) []byte { return l }, 0},
		"no number":        {func(l []byte) []byte { clear(l[4:8]); return l }, 0},
		"other length":     {func(l []byte) []byte { l[10] = 16; return l }, senseFieldInList},
		"other number":     {func(l []byte) []byte { l[7]++; return l }, senseFieldInList},
		"a long one":       {func(l []byte) []byte { l[3] = 16; return l }, senseFieldInList},
		"half of one":      {func(l []byte) []byte { return l[:8] }, senseParameterLength},
		"half of a header": {func(l []byte) []byte { return l[:3] }, senseParameterLength},
	} {
		list := bytes.Clone(now)
		list[0], list[2] = 0, 0
		list = c.change(list)
		if got := p.do([]byte{0x15, 0x10, 0, 0, byte(len(list)), 0}, 0, list).senseCode(); got != c.want {
			t.Errorf("%s: sense %06x, want %06x", what, got, c.want)
		}
	}
}
