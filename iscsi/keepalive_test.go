package iscsi

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// TestVanished: an initiator that asks for data and takes none, and doesn't
// close the connection either, is let go.
func TestVanished(t *testing.T) {
	ended := make(chan error, 1)
	srv := &Server{Bounds: Bounds{SendTime: 100 * time.Millisecond}, Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: newMemory(8 << 20)}}})}
	srv.Hooks.SessionEnd = func(_ SessionInfo, err error) { ended <- err }
	p := dial(t, serve(t, srv))
	p.login(loginOptions{})
	for range 8 { // more than the kernel takes in its place
		p.command(reads, rw10(0x28, 0, 16384), 8<<20, nil)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the session goes on")
	}
}

// TestSilence: a silent initiator is pinged, then dropped; one that answers
// stays.
func TestSilence(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{PingAfter: 20 * time.Millisecond, PingTime: 100 * time.Millisecond})
	alive, dead := dial(t, addr), dial(t, addr)
	alive.login(loginOptions{isid: 1})
	dead.login(loginOptions{})
	for range 5 {
		a := alive.read()
		if a.opcode() != opNOPIn || a.ttt() == noTag {
			t.Fatalf("%x", a.header)
		}
		var h header
		h.start(opNOPOut|0x40, 0x80)
		h.setITT(noTag)
		h.put32(20, a.ttt())
		h.put32(24, alive.cmdSN)
		alive.send(&h, nil)
	}
	dead.closed()
}

// TestSlowInitiator: one that asks and doesn't read holds up nobody else.
func TestSlowInitiator(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	slow, quick := dial(t, addr), dial(t, addr)
	slow.login(loginOptions{isid: 1})
	quick.login(loginOptions{})
	for range 30 {
		slow.command(reads, rw10(0x28, 0, 8192), 4<<20, nil)
	}
	for range 100 {
		quick.command(reads, rw10(0x28, 0, 8), 4096, nil)
		if a := quick.read(); a.opcode() != opDataIn {
			t.Fatalf("%x", a.header)
		}
	}
}

// TestPing: a NOP-Out comes back with its data.
func TestPing(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	var h header
	h.start(opNOPOut, 0x80)
	h.setITT(5)
	h.put32(20, noTag)
	p.send(&h, []byte("hello"))
	if a := p.read(); a.opcode() != opNOPIn || string(a.data) != "hello" || a.itt() != 5 {
		t.Errorf("%x %q", a.header, a.data)
	}
}
