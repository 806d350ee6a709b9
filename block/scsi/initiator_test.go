package scsi

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/spurboot/spur/block"
)

const testTarget = "iqn.2026-11.example.spur:disk"

// initiator is a transport that carries its commands nowhere.
type initiator struct {
	nexus Nexus
	space []byte
	in    []byte // the data of the last command
}

// newInitiator joins a port to a unit.
func newInitiator(u *Unit, port string) *initiator {
	i := &initiator{nexus: Nexus{
		Initiator: port, Target: testTarget, Units: map[uint64]*Unit{0: u}, MaxTransfer: 1 << 20, Abort: func() {},
	}}
	i.nexus.Join(u)
	return i
}

// newDisk is a unit of that many bytes with an initiator.
func newDisk(size int64) *initiator {
	return newInitiator(&Unit{Device: block.NewMemory(size), Removable: true}, "iqn.host,i,0x00")
}

// Space implements Transport.
func (i *initiator) Space(n int) ([]byte, error) {
	i.space = make([]byte, n)
	return i.space, nil
}

// Send implements Transport.
func (i *initiator) Send() error {
	i.in = append(i.in, i.space...)
	return nil
}

// Scratch implements Transport.
func (i *initiator) Scratch(n int) []byte { return make([]byte, n) }

// do has a command carried out that expects to read so many bytes, or to write
// data. What was read is in i.in.
func (i *initiator) do(cdb []byte, reads int, data []byte) *Command {
	i.in = nil
	c := &Command{Expected: reads + len(data), Reads: reads > 0, Writes: len(data) > 0, Transport: i}
	copy(c.CDB[:], cdb)
	c.Out = data[:min(len(data), i.nexus.DataOut(c))]
	i.nexus.Execute(context.Background(), c)
	return c
}

// senseCode is the sense key with its codes, 0 for none.
func (c *Command) senseCode() senseCode {
	if s := c.Sense(); len(s) >= 14 {
		return senseCode(s[2])<<16 | senseCode(s[12])<<8 | senseCode(s[13])
	}
	return 0
}

func rw10(code byte, lba, count int) []byte {
	cdb := make([]byte, 10)
	cdb[0] = code
	binary.BigEndian.PutUint32(cdb[2:], uint32(lba))
	binary.BigEndian.PutUint16(cdb[7:], uint16(count))
	return cdb
}

// TestNoUnit: a LUN that has no unit says so, and what units there are.
func TestNoUnit(t *testing.T) {
	u := &Unit{Device: block.NewMemory(1 << 20)}
	i := &initiator{nexus: Nexus{Initiator: "i", Target: testTarget, Units: map[uint64]*Unit{300: u, 3: u}}}
	if c := i.do(rw10(0x28, 0, 1), 512, nil); c.Status != CheckCondition || c.senseCode() != senseLUN {
		t.Errorf("READ: status %#x, %06x", c.Status, c.senseCode())
	}
	if c := i.do([]byte{0x12, 0, 0, 0, 255, 0}, 255, nil); c.Status != Good || i.in[0] != 0x7f {
		t.Errorf("INQUIRY: status %#x, %x", c.Status, i.in)
	}
	if c := i.do([]byte{0x03, 0, 0, 0, 255, 0}, 255, nil); c.Status != Good || i.in[2] != 5 || i.in[12] != 0x25 {
		t.Errorf("REQUEST SENSE: status %#x, %x", c.Status, i.in)
	}
	c := i.do([]byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0}, 255, nil)
	want := []byte{0, 0, 0, 16, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0x41, 0x2c, 0, 0, 0, 0, 0, 0}
	if c.Status != Good || !slices.Equal(i.in, want) {
		t.Errorf("REPORT LUNS: status %#x, %x", c.Status, i.in)
	}
}

// TestLUN: numbers come back from the wire; other ways of addressing are refused.
func TestLUN(t *testing.T) {
	for _, n := range []uint64{0, 1, 255, 256, MaxLUN} {
		if got, ok := ParseLUN(FormatLUN(n)); !ok || got != n {
			t.Errorf("%d comes back as %d, %v", n, got, ok)
		}
	}
	for _, wire := range []uint64{1, 0x0100 << 48, 0x8000 << 48, 0xc101 << 48} {
		if n, ok := ParseLUN(wire); ok {
			t.Errorf("%#x is taken for %d", wire, n)
		}
	}
}

// TestUnitReset: a reset frees what an initiator reserved, aborts the commands of
// all, and tells them.
func TestUnitReset(t *testing.T) {
	u := &Unit{Device: block.NewMemory(1 << 20)}
	a, b := newInitiator(u, "a"), newInitiator(u, "b")
	aborted := ""
	a.nexus.Abort, b.nexus.Abort = func() { aborted += "a" }, func() { aborted += "b" }
	if c := a.do([]byte{0x16, 0, 0, 0, 0, 0}, 0, nil); c.Status != Good {
		t.Fatalf("RESERVE: status %#x", c.Status)
	}
	if c := b.do(rw10(0x28, 0, 1), 512, nil); c.Status != ReservationConflict {
		t.Errorf("a reserved unit: status %#x", c.Status)
	}
	u.Reset()
	if aborted != "ab" {
		t.Errorf("aborted: %q", aborted)
	}
	if c := b.do(rw10(0x28, 0, 1), 512, nil); c.senseCode() != senseReset {
		t.Errorf("sense %06x", c.senseCode())
	}
	if c := b.do(rw10(0x28, 0, 1), 512, nil); c.Status != Good || len(b.in) != 512 {
		t.Errorf("status %#x", c.Status)
	}
}

// TestPreemptAndAbort: it aborts the commands of those it preempts, and no others.
func TestPreemptAndAbort(t *testing.T) {
	u := &Unit{Device: block.NewMemory(1 << 20)}
	a, b := newInitiator(u, "a"), newInitiator(u, "b")
	aborted := ""
	a.nexus.Abort, b.nexus.Abort = func() { aborted += "a" }, func() { aborted += "b" }
	out := func(i *initiator, action byte, key, newKey uint64) {
		t.Helper()
		list := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, key), newKey)
		list = append(list, make([]byte, 8)...)
		if c := i.do([]byte{0x5f, action, byte(exclusiveAccess), 0, 0, 0, 0, 0, 24, 0}, 0, list); c.Status != Good {
			t.Fatalf("action %d: status %#x, %06x", action, c.Status, c.senseCode())
		}
	}
	out(a, persistRegister, 0, 1)
	out(b, persistRegister, 0, 2)
	out(b, 1, 2, 0)
	out(a, persistPreemptAbort, 1, 2)
	if aborted != "b" {
		t.Errorf("aborted: %q", aborted)
	}
	if c := b.do(rw10(0x28, 0, 1), 512, nil); c.senseCode() != senseRegPreempted {
		t.Errorf("sense %06x", c.senseCode())
	}
	if c := b.do(rw10(0x28, 0, 1), 512, nil); c.Status != ReservationConflict {
		t.Errorf("status %#x", c.Status)
	}
}
