package iscsi

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"testing"
	"time"
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

func TestLoginText(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	text := formatText(pair{"InitiatorName", "iqn.2026-11.example.spur:probe"}, pair{"TargetName", testTarget}, pair{"X-unknown", "1"}, pair{"MaxBurstLength", "16384"})
	for len(text) > 50 {
		a := p.loginPDU(flagContinue|4, loginOptions{}, text[:50])
		if a.flags()&flagTransit != 0 || a.dataLen() != 0 {
			t.Fatalf("%x", a.header)
		}
		text = text[50:]
	}
	a := p.loginPDU(0x87, loginOptions{}, text)
	want := formatText(pair{"TargetPortalGroupTag", "1"}, pair{"X-unknown", "NotUnderstood"}, pair{"MaxBurstLength", "16384"}, pair{"MaxRecvDataSegmentLength", "262144"})
	if !bytes.Equal(a.data, want) || a.flags() != 0x87 || a.u16(14) == 0 {
		t.Errorf("%x\n%q", a.header, a.data)
	}
}

func TestLoginRefused(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	cases := map[string]struct {
		o    loginOptions
		want LoginStatus
	}{
		"no such session": {loginOptions{tsih: 77}, LoginNoSession},
		"twice":           {loginOptions{pairs: []pair{{"MaxBurstLength", "512"}, {"MaxBurstLength", "512"}}}, LoginInitiatorError},
		"session type":    {loginOptions{pairs: []pair{{"SessionType", "Odd"}}}, LoginSessionType},
		"no such target":  {loginOptions{target: "iqn.other"}, LoginNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := dial(t, addr).login(c.o); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

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

// TestAbortUnseen: a task that another connection is still to bring is aborted
// before it is there, and takes its place in the order.
func TestAbortUnseen(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	a, b := dial(t, addr), dial(t, addr)
	a.login(loginOptions{pairs: []pair{{"MaxConnections", "2"}}})
	b.login(loginOptions{tsih: a.tsih, cid: 1})
	manage := func(function byte, itt, refTag, refCmdSN, cmdSN uint32) byte {
		var h header
		h.start(opTaskMgmt|0x40, 0x80|function)
		h.setITT(itt)
		h.put32(20, refTag)
		h.put32(24, cmdSN)
		h.put32(32, refCmdSN)
		b.send(&h, nil)
		x := b.read()
		if x.opcode() != opTaskMgmtResp {
			t.Fatalf("%x", x.header)
		}
		return x.header[2]
	}
	for _, c := range []struct {
		function       byte
		refCmdSN, want uint32
	}{
		{abortTask, a.cmdSN + 2, taskNotFound}, // behind the function itself
		{abortTask, a.cmdSN - 1, taskNotFound}, // was over long ago
		{taskReassign, a.cmdSN, reassignUnsupport},
		{abortTask, a.cmdSN, functionComplete},
	} {
		if got := manage(c.function, 900+c.refCmdSN, 1, c.refCmdSN, a.cmdSN+1); uint32(got) != c.want {
			t.Errorf("function %d of CmdSN %d: response %d, want %d", c.function, c.refCmdSN, got, c.want)
		}
	}
	a.command(writes, rw10(0x2a, 0, 1), 512, bytes.Repeat([]byte{1}, 512)) // comes too late
	if x := a.exchange(reads, rw10(0x28, 0, 1), 512, nil); x.itt() != 2 || x.data[0] != 0 {
		t.Errorf("the aborted write was done: %x", x.header)
	}
}

// TestRedeclared: an initiator may declare in the full feature phase how much it
// takes in a PDU.
func TestRedeclared(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	var h header
	h.start(opText, flagFinal)
	h.setITT(500)
	h.put32(20, noTag)
	h.put32(24, p.cmdSN)
	p.cmdSN++
	p.send(&h, formatText(pair{"MaxRecvDataSegmentLength", "512"}))
	if a := p.read(); a.opcode() != opTextResp || len(a.data) != 0 {
		t.Fatalf("%x %q", a.header, a.data)
	}
	p.command(reads, rw10(0x28, 0, 2), 1024, nil)
	for at := range 2 {
		if a := p.read(); a.opcode() != opDataIn || len(a.data) != 512 || a.u32(40) != uint32(512*at) {
			t.Errorf("%x", a.header)
		}
	}
}

// TestAbort: a task that the device holds up is aborted; nothing is said of it
// any more.
func TestAbort(t *testing.T) {
	for name, function := range map[string]byte{"task set": abortTaskSet, "unit": logicalUnitReset, "target": targetWarmReset} {
		t.Run(name, func(t *testing.T) {
			addr, dev, _ := testServer(t, Bounds{})
			dev.wait = make(chan struct{})
			p := dial(t, addr)
			p.login(loginOptions{})
			p.command(writes, rw10(0x2a, 0, 1), 512, make([]byte, 512))
			p.command(writes, rw10(0x2a, 1, 1), 512, nil) // its data never comes
			if a := p.read(); a.opcode() != opR2T {
				t.Fatalf("%x", a.header)
			}
			p.manage(function)
			p.command(0x80, make([]byte, 6), 0, nil)
			if a := p.read(); a.opcode() != opSCSIResponse || a.itt() != p.tag {
				t.Errorf("%x", a.header)
			}
		})
	}
}

// manage asks for a task management function of no task, which is carried out.
func (p *probe) manage(function byte) {
	p.t.Helper()
	var h header
	h.start(opTaskMgmt|0x40, 0x80|function)
	h.setITT(1000)
	h.put32(20, noTag)
	h.put32(24, p.cmdSN)
	p.send(&h, nil)
	if a := p.read(); a.opcode() != opTaskMgmtResp || a.header[2] != functionComplete {
		p.t.Fatalf("%x", a.header)
	}
}

// TestColdReset: who has read that the target was reset is answered nothing more
// in the sessions that end with it.
func TestColdReset(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	for range 50 {
		p, other := dial(t, addr), dial(t, addr)
		p.login(loginOptions{})
		other.login(loginOptions{isid: 1})
		p.manage(targetColdReset)
		for _, p := range []*probe{p, other} {
			p.command(0x80, make([]byte, 6), 0, nil)
			if a, err := p.next(); err == nil && a.opcode() != opAsync {
				t.Fatalf("%x", a.header)
			}
		}
	}
}

// TestHalfOpenLogins: those who never finish keep nobody out, and are bounded.
func TestHalfOpenLogins(t *testing.T) {
	const most = 50
	addr, _, srv := testServer(t, Bounds{Logins: most})
	open := make([]net.Conn, 1000)
	for i := range open {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		open[i] = nc
		if n := srv.logins.Len(); n > most {
			t.Errorf("%d logins are under way", n)
		}
	}
	if s := dial(t, addr).login(loginOptions{}); s != LoginSuccess {
		t.Error(s)
	}
	for _, nc := range open[:len(open)-most] {
		nc.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a login too many isn't ended: %v", err)
		}
	}
}

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

func TestLoginTime(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{LoginTime: 10 * time.Millisecond})
	p := dial(t, addr)
	if _, err := p.nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error(err)
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

// TestMutualCHAP: the target proves itself, and sees through its own challenge.
func TestMutualCHAP(t *testing.T) {
	for _, algorithm := range []string{"5", "6", "7"} {
		auth := Credentials{"in", "secret of the initiator"}.Static()
		auth.Mutual = &Credentials{"out", "secret of the target"}
		l := newLogin(Bounds{}.withDefaults().params())
		l.leading = true
		l.random = func(p []byte) { copy(p, "0123456789abcdef0123456789abcdefX") }
		l.lookup = func(string, string) (*Target, error) { return &Target{Auth: auth}, nil }
		l.step(security, operational, true, []pair{{"InitiatorName", "i"}, {"TargetName", "t"}, {"AuthMethod", "None,CHAP"}})
		reply, to, err := l.step(security, operational, true, []pair{{"CHAP_A", "99," + algorithm}})
		if err != nil || to != security || reply[0].value != algorithm {
			t.Fatal(reply, to, err)
		}
		ours := l.chap.response('0', "secret of the initiator", l.chap.challenge)
		reflected := *l
		reflected.said = maps.Clone(l.said)
		_, _, err = reflected.step(security, operational, true, []pair{{"CHAP_N", "in"}, {"CHAP_R", encodeBinary(ours)}, {"CHAP_I", "1"}, {"CHAP_C", encodeBinary(l.chap.challenge)}})
		if err == nil {
			t.Error("a reflected challenge was answered")
		}
		reply, to, err = l.step(security, operational, true, []pair{{"CHAP_N", "in"}, {"CHAP_R", encodeBinary(ours)}, {"CHAP_I", "7"}, {"CHAP_C", "0x0102030405"}})
		want := encodeBinary(l.chap.response(7, "secret of the target", []byte{1, 2, 3, 4, 5}))
		if err != nil || to != operational || reply[0] != (pair{"CHAP_N", "out"}) || reply[1].value != want {
			t.Error(reply, to, err)
		}
	}
}
