package iscsi

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// exchanged sends a command and returns its status and, if there is any, its
// sense code.
func (p *probe) exchanged(flags byte, cdb []byte, edtl int, data []byte) (status byte, code int, a answer) {
	p.t.Helper()
	p.command(flags, cdb, edtl, data)
	if a = p.read(); a.opcode() != opSCSIResponse {
		p.t.Fatalf("%x instead of a response", a.header)
	}
	return a.header[3], a.sense(), a
}

// TestWrongDirection: a command that takes data but is flagged as one that gives
// them fails, and changes nothing. The reverse gives nothing, and says that
// nothing was taken.
func TestWrongDirection(t *testing.T) {
	addr, dev, _ := testServer(t, Bounds{})
	before := bytes.Repeat([]byte{7}, 4096)
	if err := dev.Write(t.Context(), before, 0, 0); err != nil {
		t.Fatal(err)
	}
	unmap := []byte{0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0}
	compare := make([]byte, 16)
	compare[0], compare[13] = 0x89, 1
	takes := map[string][]byte{
		"WRITE":             rw10(0x2a, 0, 1),
		"WRITE AND VERIFY":  rw10(0x2e, 0, 1),
		"WRITE SAME":        rw10(0x41, 0, 1),
		"UNMAP":             unmap,
		"COMPARE AND WRITE": compare,
		"MODE SELECT":       {0x15, 0x10, 0, 0, 12, 0},
		"PERSISTENT OUT":    {0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0},
	}
	p := dial(t, addr)
	p.login(loginOptions{pairs: []pair{{"InitialR2T", "No"}}})
	p.exchanged(0x80, make([]byte, 6), 0, nil) // whatever attention there is
	for name, cdb := range takes {
		if status, code, _ := p.exchanged(reads, cdb, 1024, nil); status != statusCheck || code != senseFieldInUnit {
			t.Errorf("%s flagged as a read: status %#x, sense %06x", name, status, uint32(code))
		}
	}
	for name, cdb := range map[string][]byte{"READ": rw10(0x28, 0, 1), "INQUIRY": {0x12, 0, 0, 0, 96, 0}, "READ CAPACITY": rw10(0x25, 0, 0)} {
		if status, _, a := p.exchanged(writes, cdb, 512, make([]byte, 512)); status != statusGood || a.flags()&flagUnderflow == 0 || a.u32(44) != 512 {
			t.Errorf("%s flagged as a write: status %#x, %x", name, status, a.header)
		}
	}
	// Unsolicited data are taken in before.
	tag := p.command(writes&^0x80, rw10(0x28, 0, 1), 1024, make([]byte, 512))
	p.dataOut(tag, noTag, 0, 512, true, make([]byte, 512))
	if a := p.read(); a.opcode() != opSCSIResponse || a.itt() != tag || a.u32(44) != 1024 {
		t.Errorf("%x", a.header)
	}
	for _, flags := range []byte{0x80, 0xc0, 0xa0, 0xe0} {
		if status, _, _ := p.exchanged(flags, make([]byte, 6), 0, nil); status != statusGood {
			t.Errorf("flags %#x of a command without data: status %#x", flags, status)
		}
	}
	after := make([]byte, len(before))
	if err := dev.Read(t.Context(), after, 0); err != nil || !bytes.Equal(before, after) {
		t.Errorf("something was written: %v", err)
	}
}

// TestFormatErrors: commands that expect data in no direction, or in both, are
// rejected, and end the session.
func TestFormatErrors(t *testing.T) {
	both := []byte{0, 5, ahsBidirectional, 0, 0, 0, 2, 0}
	long := binary.BigEndian.AppendUint16(nil, 100)
	for name, c := range map[string]struct {
		flags byte
		ahs   []byte
	}{
		"none":          {0x80, nil},
		"both":          {0xe0, nil},
		"bidirectional": {writes, both},
		"behind a CDB":  {writes, append([]byte{0, 5, ahsLongCDB, 0, 0, 0, 0, 0}, both...)},
		"too long":      {writes, append(long, ahsLongCDB, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _, _ := testServer(t, Bounds{})
			p := dial(t, addr)
			p.login(loginOptions{})
			var h header
			h.start(opSCSICommand, c.flags)
			h.setITT(9)
			h.put32(20, 512)
			copy(h[32:], rw10(0x28, 0, 1))
			h[4] = byte(len(c.ahs) / 4)
			p.nc.Write(append(h[:], c.ahs...))
			if a := p.read(); a.opcode() != opReject || a.header[2] != rejectInvalidField {
				t.Errorf("%x instead of a Reject", a.header)
			}
			p.closed()
		})
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
