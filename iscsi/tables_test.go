package iscsi

import (
	"bytes"
	"testing"
)

// sense is the sense key with its codes in an answer, 0 for none.
func (a answer) sense() senseCode {
	if a.opcode() != opSCSIResponse || len(a.data) < 16 {
		return 0
	}
	return senseCode(a.data[4]&0x0f)<<16 | senseCode(a.data[14])<<8 | senseCode(a.data[15])
}

// TestFormat: FORMAT UNIT leaves zeros, and refuses what it can't do.
func TestFormat(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	p.exchange(writes, rw10(0x2a, 5, 1), 512, bytes.Repeat([]byte{7}, 512))
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
		flags := byte(writes)
		if c.list == nil {
			flags = 0x80
		}
		if a := p.exchange(flags, []byte{0x04, c.flags, 0, 0, 0, 0}, len(c.list), c.list); a.sense() != c.want {
			t.Errorf("%#x %x: sense %06x, want %06x", c.flags, c.list, a.sense(), c.want)
		}
	}
	if a := p.exchange(reads, rw10(0x28, 5, 1), 512, nil); len(a.data) != 512 || a.data[0] != 7 {
		t.Error("a refused FORMAT UNIT has changed the disk")
	}
	if a := p.exchange(writes, []byte{0x04, 0x10, 0, 0, 0, 0}, 4, []byte{0, 2, 0, 0}); a.header[3] != statusGood {
		t.Errorf("%x %x", a.header, a.data)
	}
	if a := p.exchange(reads, rw10(0x28, 5, 1), 512, nil); !bytes.Equal(a.data, make([]byte, 512)) {
		t.Error("data are left")
	}
}

// TestDiagnostic: the default self-test passes, others aren't there.
func TestDiagnostic(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	for flags, want := range map[byte]senseCode{0x04: 0, 0x00: 0, 0x20: senseFieldInCDB} {
		if a := p.exchange(0x80, []byte{0x1d, flags, 0, 0, 0, 0}, 0, nil); a.sense() != want {
			t.Errorf("%#x: sense %06x, want %06x", flags, a.sense(), want)
		}
	}
}

// TestBlockDescriptor: MODE SELECT takes a block descriptor that changes
// nothing, and no other.
func TestBlockDescriptor(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	now := bytes.Clone(p.exchange(reads, []byte{0x1a, 0, pageCaching, 0, 255, 0}, 255, nil).data)
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
		a := p.exchange(writes, []byte{0x15, 0x10, 0, 0, byte(len(list)), 0}, len(list), list)
		if a.sense() != c.want {
			t.Errorf("%s: sense %06x, want %06x", what, a.sense(), c.want)
		}
	}
}

// TestNumbersOfData: a SCSI Response says how many R2Ts or Data-Ins there were
// (RFC 7143 section 11.4.8), and the last Data-In before one is final.
func TestNumbersOfData(t *testing.T) {
	addr, dev, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{pairs: []pair{{"MaxRecvDataSegmentLength", "262144"}, {"InitialR2T", "Yes"}, {"ImmediateData", "No"}}})
	tag := p.command(writes, rw10(0x2a, 0, 1), 512, nil)
	a := p.read()
	if a.opcode() != opR2T {
		t.Fatalf("%x", a.header)
	}
	p.dataOut(tag, a.ttt(), 0, 0, true, make([]byte, 512))
	if a := p.read(); a.opcode() != opSCSIResponse || a.u32(36) != 1 {
		t.Errorf("%x", a.header)
	}
	dev.fails = 256 << 10
	p.command(reads, rw10(0x28, 0, 1024), 512<<10, nil)
	if a := p.read(); a.opcode() != opDataIn || len(a.data) != 256<<10 || !a.final() {
		t.Errorf("%x", a.header)
	}
	if a := p.read(); a.sense() != senseReadError || a.u32(36) != 1 || a.flags()&flagUnderflow == 0 || a.u32(44) != 256<<10 {
		t.Errorf("%x %x", a.header, a.data)
	}
}
