package iscsi

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/spurboot/spur/block/share"
)

// dialFrom is dial from an address of the loopback network.
func dialFrom(t testing.TB, local, addr string) *probe {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}}
	nc, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return &probe{t: t, nc: nc, answers: map[string]string{}}
}

// alive says that the initiator is there, and asks for nothing.
func (p *probe) alive() {
	var h header
	h.start(opNOPOut|0x40, 0x80)
	h.setITT(noTag)
	h.put32(20, noTag)
	h.put32(24, p.cmdSN)
	p.send(&h, nil)
}

// TestOwedData: a session whose initiator owes the data of a command, or a
// command before it, ends, though it answers pings.
func TestOwedData(t *testing.T) {
	half := make([]byte, 4096)
	for name, owe := range map[string]func(*probe){
		"solicited":   func(p *probe) { p.command(writes, rw10(0x2a, 0, 16), 8192, half) },
		"unsolicited": func(p *probe) { p.command(writes&^0x80, rw10(0x2a, 0, 16), 8192, half) },
		"a command":   func(p *probe) { p.cmdSN++; p.command(writes, rw10(0x2a, 0, 8), 4096, half) },
		"part of a burst": func(p *probe) {
			tag := p.command(writes, rw10(0x2a, 0, 16), 8192, nil)
			a := p.read()
			p.dataOut(tag, a.ttt(), 0, 0, false, half)
		},
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			srv := &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: newMemory(8 << 20)}}}),
				Bounds: Bounds{PingAfter: 400 * time.Millisecond, PingTime: time.Minute, DataTime: 500 * time.Millisecond}}
			srv.Hooks.SessionEnd = func(_ SessionInfo, err error) { ended <- err }
			p := dial(t, serve(t, srv))
			p.login(loginOptions{pairs: []pair{{"InitialR2T", "No"}, {"FirstBurstLength", "4096"}}})
			owe(p)
			for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); {
				select {
				case err := <-ended:
					if !errors.Is(err, errData) {
						t.Error(err)
					}
					return
				case <-time.After(100 * time.Millisecond):
					p.alive()
				}
			}
			t.Error("the session goes on")
		})
	}
}

// inUse is the heap in use, in bytes.
func inUse() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse)
}

// TestGreedyInitiators: sessions of one address that owe data, and take no
// answers, don't get more memory than there is, and one of another address reads
// and writes meanwhile.
func TestGreedyInitiators(t *testing.T) {
	const greedy, total = 32, 8 << 20
	for name, ask := range map[string]func(*probe){
		"writes": func(p *probe) {
			for range 8 {
				p.command(writes, rw10(0x2a, 0, 2048), 1<<20, nil)
			}
		},
		"unsolicited": func(p *probe) {
			for range 32 {
				p.command(writes&^0x80, rw10(0x2a, 0, 256), 128<<10, make([]byte, 4096))
			}
		},
		"pings": func(p *probe) {
			for range 64 {
				var h header
				h.start(opNOPOut, 0x80)
				p.tag++
				h.setITT(p.tag)
				h.put32(20, noTag)
				h.put32(24, p.cmdSN)
				p.cmdSN++
				p.nc.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
				p.send(&h, make([]byte, 256<<10))
			}
		},
		"reads": func(p *probe) {
			for range 32 {
				p.command(reads, rw10(0x28, 0, 2048), 1<<20, nil)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr, dev, _ := testServer(t, Bounds{MaxTransfer: 1 << 20, TotalMemory: total})
			if err := dev.Write(t.Context(), make([]byte, 8<<20), 0, 0); err != nil {
				t.Fatal(err)
			}
			before := inUse()
			for i := range greedy {
				p := dialFrom(t, "127.0.0.1", addr)
				p.login(loginOptions{isid: byte(i), pairs: []pair{{"InitialR2T", "No"}, {"MaxRecvDataSegmentLength", "262144"}}})
				ask(p)
			}
			honest := dialFrom(t, "127.0.0.2", addr)
			honest.login(loginOptions{isid: 100, pairs: []pair{{"MaxRecvDataSegmentLength", "262144"}}})
			work := func() {
				t.Helper()
				data := bytes.Repeat([]byte("honest"), 128<<10/6+1)[:128<<10]
				if status, _, _ := honest.exchanged(writes, rw10(0x2a, 4096, 128), 64<<10, data[:64<<10]); status != statusGood {
					t.Errorf("a write ends with status %#x", status)
				}
				honest.command(reads, rw10(0x28, 4096, 128), 64<<10, nil)
				if a := honest.read(); a.opcode() != opDataIn || !bytes.Equal(a.data, data[:64<<10]) {
					t.Errorf("%x", a.header)
				}
			}
			work()
			time.Sleep(200 * time.Millisecond) // for the others to get as far as they can
			const other = 200 << 10            // what a session takes otherwise
			if more := inUse() - before; more > 3*total/2+greedy*other {
				t.Errorf("the server holds %d MiB for %d sessions, though it has %d", more>>20, greedy, total>>20)
			}
			work()
		})
	}
}

// hog takes memory in the name of several addresses, until little is left.
func hog(t *testing.T, m *share.Memory) (release func()) {
	t.Helper()
	var all []func()
	for i := range byte(16) {
		a := m.Open(netip.AddrFrom4([4]byte{192, 0, 2, i}), 1<<30)
		n := m.Left()/2 + share.Reserve
		if !a.Try(n) {
			t.Fatalf("%d of %d are not to be had", n, m.Left())
		}
		all = append(all, func() { a.Give(n); a.Close() })
	}
	return func() {
		for _, f := range all {
			f()
		}
	}
}

// TestBusy: who finds no memory is told to try again, and what was sent unasked
// is taken in. Reads wait for a while.
func TestBusy(t *testing.T) {
	addr, dev, srv := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{pairs: []pair{{"InitialR2T", "No"}, {"MaxRecvDataSegmentLength", "262144"},
		{"FirstBurstLength", "131072"}, {"MaxBurstLength", "1048576"}}})
	data := bytes.Repeat([]byte{5}, 1<<20)
	release := hog(t, srv.memory)
	if status, _, _ := p.exchanged(writes, rw10(0x2a, 0, 2048), 1<<20, nil); status != statusBusy {
		t.Errorf("a large write ends with status %#x", status)
	}
	tag := p.command(writes&^0x80, rw10(0x2a, 0, 2048), 1<<20, data[:4096])
	p.dataOut(tag, noTag, 0, 4096, true, data[:124<<10])
	if a := p.read(); a.opcode() != opSCSIResponse || a.header[3] != statusBusy || a.itt() != tag {
		t.Errorf("%x", a.header)
	}
	if status, _, _ := p.exchanged(writes, rw10(0x2a, 0, 8), 4096, data[:4096]); status != statusGood {
		t.Errorf("a small write ends with status %#x", status)
	}
	tag = p.command(reads, rw10(0x28, 0, 512), 256<<10, nil)
	time.Sleep(50 * time.Millisecond)
	release()
	if a := p.read(); a.opcode() != opDataIn || a.itt() != tag {
		t.Errorf("%x", a.header)
	}
	tag = p.command(writes, rw10(0x2a, 0, 2048), 1<<20, data[:128<<10])
	a := p.read()
	for at := 128 << 10; at < len(data); at += 128 << 10 {
		p.dataOut(tag, a.ttt(), (at>>17)-1, at, at+128<<10 == len(data), data[at:at+128<<10])
	}
	if a = p.read(); a.opcode() != opSCSIResponse || a.header[3] != statusGood {
		t.Errorf("%x", a.header)
	}
	got := make([]byte, len(data))
	if err := dev.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, data) {
		t.Errorf("something else is written: %v", err)
	}
}

// TestLongText: what an initiator says, and doesn't end, is of its memory too.
func TestLongText(t *testing.T) {
	addr, _, srv := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	defer hog(t, srv.memory)()
	for range 4 {
		var h header
		h.start(opText, flagContinue)
		p.tag++
		h.setITT(p.tag)
		h.put32(20, noTag)
		h.put32(24, p.cmdSN)
		p.cmdSN++
		p.send(&h, make([]byte, 15<<10))
		if a := p.read(); a.opcode() == opReject && a.header[2] == rejectLongOp {
			p.command(0x80, make([]byte, 6), 0, nil)
			if a := p.read(); a.opcode() != opSCSIResponse {
				t.Errorf("%x", a.header)
			}
			return
		}
	}
	t.Error("60 KiB of text and their requests are kept in 64 KiB")
}

// TestPeerPlaces: the initiators of one address don't take all sessions.
func TestPeerPlaces(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{Sessions: 8})
	for i := range byte(5) {
		want := LoginSuccess
		if i == 4 {
			want = LoginOutOfResources
		}
		if got := dialFrom(t, "127.0.0.1", addr).login(loginOptions{isid: i}); got != want {
			t.Errorf("login %d of one address: %v", i+1, got)
		}
	}
	if got := dialFrom(t, "127.0.0.2", addr).login(loginOptions{isid: 9}); got != LoginSuccess {
		t.Errorf("another address: %v", got)
	}
}

// TestSealedOff: addresses that take all sessions leave room for one that has fewer, and
// discoveries, for which nobody has to show anything, take none.
func TestSealedOff(t *testing.T) {
	for name, o := range map[string]loginOptions{"sessions": {}, "discoveries": {pairs: []pair{{"SessionType", "Discovery"}}}} {
		t.Run(name, func(t *testing.T) {
			addr, _, srv := testServer(t, Bounds{Sessions: 30, Logins: 20})
			from := func(i int) (*probe, LoginStatus) {
				p, o := dialFrom(t, fmt.Sprintf("127.0.0.%d", 2+i%15), addr), o
				o.isid = byte(i)
				return p, p.login(o)
			}
			for i := range 30 {
				if _, status := from(i); status != LoginSuccess {
					t.Fatal(status)
				}
			}
			honest := dialFrom(t, "127.0.0.200", addr)
			if got := honest.login(loginOptions{isid: 200}); got != LoginSuccess {
				t.Fatal(got)
			}
			for i := range 15 {
				if _, status := from(50 + i); name == "sessions" && i > 0 && status != LoginOutOfResources {
					t.Error(status)
				}
			}
			if status, _, _ := honest.exchanged(0x80, make([]byte, 6), 0, nil); status != statusGood {
				t.Errorf("who had a session: %#x", status)
			}
			if n := srv.logins.Len(); n > 20 {
				t.Errorf("%d logins and discoveries", n)
			}
		})
	}
}
