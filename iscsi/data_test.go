package iscsi

import (
	"bytes"
	"testing"
)

func TestDigests(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	keys := []pair{{"HeaderDigest", "CRC32C,None"}, {"DataDigest", "CRC32C,None"}}
	p := dial(t, addr)
	if s := p.login(loginOptions{pairs: keys}); s != LoginSuccess || !p.digests {
		t.Fatal(s, p.answers)
	}
	data := bytes.Repeat([]byte("digest!!"), 512)
	p.command(writes, rw10(0x2a, 8, 8), 4096, data)
	if a := p.read(); a.opcode() != opSCSIResponse || a.header[3] != statusGood {
		t.Fatalf("write: %x", a.header)
	}
	p.command(reads, rw10(0x28, 8, 8), 4096, nil)
	if a := p.read(); !bytes.Equal(a.data, data) || a.flags()&flagStatus == 0 {
		t.Fatalf("read: %x", a.header)
	}
	t.Run("wrong data digest", func(t *testing.T) {
		p := dial(t, addr)
		p.login(loginOptions{isid: 1, pairs: keys})
		var h header
		h.start(opSCSICommand, writes)
		h.setITT(1)
		h.put32(20, 512)
		copy(h[32:], rw10(0x2a, 0, 1))
		h.setDataLen(512)
		b := appendDigest(h[:], digest(h[:]))
		p.nc.Write(append(b, make([]byte, 516)...))
		if a := p.read(); a.opcode() != opReject || a.header[2] != rejectDataDigest {
			t.Errorf("%x instead of a Reject", a.header)
		}
		p.closed()
	})
	t.Run("wrong header digest", func(t *testing.T) {
		p := dial(t, addr)
		p.login(loginOptions{isid: 2, pairs: keys})
		p.nc.Write(make([]byte, 52))
		p.closed()
	})
}

func TestSolicitedData(t *testing.T) {
	addr, dev, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{pairs: []pair{{"InitialR2T", "Yes"}, {"ImmediateData", "No"}, {"MaxBurstLength", "4096"}, {"FirstBurstLength", "4096"}, {"MaxOutstandingR2T", "3"}}})
	if p.answers["MaxOutstandingR2T"] != "3" || p.answers["InitialR2T"] != "Yes" {
		t.Fatal(p.answers)
	}
	want := make([]byte, 5*4096)
	for i := range want {
		want[i] = byte(i / 512)
	}
	tag := p.command(writes, rw10(0x2a, 0, 40), len(want), nil)
	for range 5 {
		a := p.read()
		if a.opcode() != opR2T {
			t.Fatalf("%x instead of an R2T", a.header)
		}
		at, n := int(a.u32(40)), int(a.u32(44))
		p.dataOut(tag, a.ttt(), 0, at, false, want[at:at+n/2])
		p.dataOut(tag, a.ttt(), 1, at+n/2, true, want[at+n/2:at+n])
	}
	if a := p.read(); a.opcode() != opSCSIResponse || a.header[3] != statusGood {
		t.Fatalf("%x", a.header)
	}
	got := make([]byte, len(want))
	if err := dev.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("other bytes were written: %v", err)
	}
}
