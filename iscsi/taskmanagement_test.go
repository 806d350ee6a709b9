package iscsi

import (
	"bytes"
	"testing"
)

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
