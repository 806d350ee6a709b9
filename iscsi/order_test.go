package iscsi

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"
)

// TestOrdered: an ordered task waits for those before it, and those behind
// wait for it.
func TestOrdered(t *testing.T) {
	addr, dev, _ := testServer(t, Bounds{})
	dev.wait = make(chan struct{})
	p := dial(t, addr)
	p.login(loginOptions{})
	send := func(a attribute, flags byte, cdb []byte, n int, data []byte) uint32 {
		var h header
		h.start(opSCSICommand, flags|byte(a))
		p.tag++
		h.setITT(p.tag)
		h.put32(20, uint32(n))
		h.put32(24, p.cmdSN)
		p.cmdSN++
		copy(h[32:], cdb)
		p.send(&h, data)
		return p.tag
	}
	first := send(simple, writes, rw10(0x2a, 0, 1), 512, bytes.Repeat([]byte{1}, 512))
	second := send(ordered, reads, rw10(0x28, 0, 1), 512, nil)
	third := send(simple, reads, rw10(0x28, 0, 1), 512, nil)
	urgent := send(headOfQueue, reads, rw10(0x28, 8, 1), 512, nil)
	if a := p.read(); a.itt() != urgent {
		t.Fatalf("%d was answered first, want %d", a.itt(), urgent)
	}
	close(dev.wait)
	for _, want := range []uint32{first, second, third} {
		a := p.read()
		if a.itt() != want {
			t.Fatalf("%d was answered, want %d", a.itt(), want)
		}
		if a.opcode() == opDataIn && a.data[0] != 1 {
			t.Error("the read overtook the write")
		}
	}
}

// TestWriteMemory: large writes wait for memory, and all get it.
func TestWriteMemory(t *testing.T) {
	addr, dev, srv := testServer(t, Bounds{WriteMemory: 512 << 10})
	p := dial(t, addr)
	p.login(loginOptions{pairs: []pair{{"MaxBurstLength", "1048576"}, {"FirstBurstLength", "65536"}}})
	const size, count = 300 << 10, 6
	want := map[uint32][]byte{}
	for i := range count {
		data := bytes.Repeat([]byte{byte(i + 1)}, size)
		tag := p.command(writes, rw10(0x2a, i*size/512, size/512), size, data[:4096])
		want[tag] = data
	}
	for done := 0; done < count; {
		a := p.read()
		switch a.opcode() {
		case opR2T:
			at, n := int(a.u32(40)), int(a.u32(44))
			tag, ttt := a.itt(), a.ttt()
			for sn := 0; n > 0; sn++ {
				part := min(n, 200<<10)
				p.dataOut(tag, ttt, sn, at, n == part, want[tag][at:at+part])
				at, n = at+part, n-part
			}
		case opSCSIResponse:
			if a.header[3] != statusGood {
				t.Fatalf("%x", a.header)
			}
			done++
		}
	}
	got := make([]byte, size)
	for i := range count {
		if err := dev.Read(t.Context(), got, int64(i*size)); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(i + 1)}, size)) {
			t.Errorf("write %d: other bytes (%v)", i, err)
		}
	}
	for _, s := range []string{testTarget} {
		target, err := srv.Targets.Target(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		target.mu.Lock()
		for _, session := range target.sessions {
			session.mu.Lock()
			if session.writeMemory != 0 || len(session.starved) != 0 || len(session.tasks) != 0 {
				t.Errorf("%d bytes, %d tasks are left", session.writeMemory, len(session.tasks))
			}
			session.mu.Unlock()
		}
		target.mu.Unlock()
	}
}

// TestShutdown: initiators are asked to log out, and who doesn't is dropped.
func TestShutdown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &Server{
		Bounds:  Bounds{Grace: 200 * time.Millisecond},
		Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: newMemory(1 << 20)}}}),
	}
	ended := make(chan error, 2)
	srv.Hooks.SessionEnd = func(_ SessionInfo, err error) { ended <- err }
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- srv.Serve(ctx, l) }()
	polite, deaf := dial(t, l.Addr().String()), dial(t, l.Addr().String())
	polite.login(loginOptions{})
	deaf.login(loginOptions{isid: 1})
	stop()
	if a := polite.read(); a.opcode() != opAsync || a.header[asyncEvent] != asyncLogout {
		t.Fatalf("%x", a.header)
	}
	var h header
	h.start(opLogout|0x40, 0x80)
	h.setITT(9)
	h.put32(24, polite.cmdSN)
	polite.send(&h, nil)
	if a := polite.read(); a.opcode() != opLogoutResp || a.header[2] != logoutDone {
		t.Errorf("%x", a.header)
	}
	if err := <-ended; err != nil {
		t.Errorf("after a logout: %v", err)
	}
	deaf.closed()
	if err := <-ended; err == nil {
		t.Error("the deaf one ended well")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
