package iscsi

import (
	"testing"
	"time"
)

// TestReinstatement: a second login of the same port takes the first one's
// place; another port gets a session of its own.
func TestReinstatement(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	first, other, second := dial(t, addr), dial(t, addr), dial(t, addr)
	first.login(loginOptions{})
	other.login(loginOptions{isid: 1})
	if s := second.login(loginOptions{}); s != LoginSuccess || second.tsih == first.tsih {
		t.Fatal(s, first.tsih, second.tsih)
	}
	first.closed()
	other.command(reads, rw10(0x28, 0, 1), 512, nil)
	if a := other.read(); a.opcode() != opDataIn {
		t.Errorf("%x", a.header)
	}
}

// TestNexusLoss: what an initiator prevented is over when it has closed its
// connection and logs in as another port, however busy the target is.
func TestNexusLoss(t *testing.T) {
	dev := newMemory(1 << 20)
	addr := serve(t, &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: dev, Removable: true}}})})
	dev.wait = make(chan struct{}) // so that the old session has a command to end
	for i := range 50 {
		old, next := dial(t, addr), dial(t, addr)
		old.login(loginOptions{isid: byte(2 * i)})
		old.command(0x80, []byte{0x1e, 0, 0, 0, 1, 0}, 0, nil)
		if a := old.read(); a.opcode() != opSCSIResponse || a.header[3] != 0 {
			t.Fatalf("PREVENT ALLOW MEDIUM REMOVAL: %x", a.header)
		}
		old.command(writes, rw10(0x2a, 0, 1), 512, make([]byte, 512))
		old.nc.Close()
		next.login(loginOptions{isid: byte(2*i + 1)})
		next.command(0x80, []byte{0x1b, 0, 0, 0, 7, 0}, 0, nil)
		if a := next.read(); a.opcode() != opSCSIResponse || a.header[3] != 0 {
			t.Fatalf("round %d: START STOP UNIT: %x %x", i, a.header, a.data)
		}
		next.nc.Close()
	}
}

// TestTwoConnections: commands of a session run in the order of CmdSN,
// whichever connection brings them.
func TestTwoConnections(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	a, b := dial(t, addr), dial(t, addr)
	a.login(loginOptions{pairs: []pair{{"MaxConnections", "2"}}})
	if s := b.login(loginOptions{tsih: a.tsih, cid: 1}); s != LoginSuccess {
		t.Fatal(s)
	}
	b.cmdSN, b.tag = 1, 100
	b.command(reads, rw10(0x28, 0, 1), 512, nil)
	b.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if x, err := b.next(); err == nil {
		t.Fatalf("command 1 ran before command 0: %x", x.header)
	}
	a.command(reads, rw10(0x28, 0, 1), 512, nil)
	b.nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	for _, p := range []*probe{a, b} {
		if x := p.read(); x.opcode() != opDataIn {
			t.Errorf("%x", x.header)
		}
	}
	if s := dial(t, addr).login(loginOptions{tsih: a.tsih, cid: 2}); s != LoginTooManyConnections {
		t.Error(s)
	}
}

// TestConnectionLogout: what a connection had under way goes with it, and gives
// back its place in the window.
func TestConnectionLogout(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	a, b := dial(t, addr), dial(t, addr)
	a.login(loginOptions{pairs: []pair{{"MaxConnections", "2"}}})
	b.login(loginOptions{tsih: a.tsih, cid: 1})
	for range 3 {
		b.command(writes, rw10(0x2a, 0, 1), 512, nil)
		if x := b.read(); x.opcode() != opR2T {
			t.Fatalf("%x", x.header)
		}
	}
	var h header
	h.start(opLogout|0x40, 0x80|logoutConnection)
	h.setITT(9)
	h.put16(20, 1)
	h.put32(24, b.cmdSN)
	b.send(&h, nil)
	if x := b.read(); x.opcode() != opLogoutResp || x.header[2] != logoutDone {
		t.Fatalf("%x", x.header)
	}
	b.closed()
	a.cmdSN = b.cmdSN
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); { // the target notices soon
		x := a.exchange(reads, rw10(0x28, 0, 1), 512, nil)
		if x.u32(32)-x.u32(28) == 63 {
			return
		}
	}
	t.Error("the window stays smaller than it was")
}
