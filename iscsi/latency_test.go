package iscsi

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block/scsi"
)

// gated is a disk whose reads of its beginning wait: until so many are there at
// once, and until the gate is open.
type gated struct {
	*memory
	together int32
	inside   atomic.Int32
	all      chan struct{}
	gate     chan struct{}
}

func (g *gated) Read(ctx context.Context, p []byte, off int64) error {
	if off == 0 {
		if g.inside.Add(1) == g.together {
			close(g.all)
		}
		for _, c := range []chan struct{}{g.all, g.gate} {
			select {
			case <-c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return g.memory.Read(ctx, p, off)
}

// hurried returns a session with a gated disk as LUN 0 that has been quick, and
// a quick one as LUN 1.
func hurried(t *testing.T, together int32) (*probe, *gated) {
	g := &gated{memory: newMemory(1 << 20), together: together, all: make(chan struct{}), gate: make(chan struct{})}
	addr := serve(t, &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: g}, 1: {Device: newMemory(1 << 20)}}})})
	p := dial(t, addr)
	p.login(loginOptions{})
	for range 100 {
		if a := p.exchange(reads, rw10(0x28, 8, 1), 512, nil); a.header[3] != statusGood {
			t.Fatalf("%x", a.header)
		}
	}
	return p, g
}

// TestStalledCommands: commands that take long run side by side, though nothing
// before said that they would.
func TestStalledCommands(t *testing.T) {
	const many = 16
	p, g := hurried(t, many)
	close(g.gate)
	for range many {
		p.command(reads, rw10(0x28, 0, 1), 512, nil)
	}
	for range many {
		if a := p.read(); a.opcode() != opDataIn || a.header[3] != statusGood {
			t.Fatalf("%x", a.header)
		}
	}
}

// TestStalledDevice: a device that stalls holds up neither what was done before,
// nor another unit of the same session, nor a ping.
func TestStalledDevice(t *testing.T) {
	p, g := hurried(t, 1)
	var burst []byte
	before := p.queued(&burst, 0, rw10(0x28, 8, 1))
	stalled := p.queued(&burst, 0, rw10(0x28, 0, 1))
	other := p.queued(&burst, 1, rw10(0x28, 8, 1))
	var h header
	h.start(opNOPOut|0x40, 0x80)
	h.setITT(7000)
	h.put32(20, noTag)
	h.put32(24, p.cmdSN)
	p.nc.Write(append(burst, h[:]...))
	if a := p.read(); a.itt() != before {
		t.Fatalf("%d was answered first, want %d", a.itt(), before)
	}
	open := map[uint32]bool{other: true, 7000: true}
	for len(open) > 0 {
		a := p.read()
		if !open[a.itt()] {
			t.Fatalf("%d was answered, want %v", a.itt(), open)
		}
		delete(open, a.itt())
	}
	close(g.gate)
	if a := p.read(); a.itt() != stalled {
		t.Errorf("%x", a.header)
	}
}

// queued appends the PDU of a read of one block to what will be sent at once.
func (p *probe) queued(burst *[]byte, lun uint64, cdb []byte) uint32 {
	var h header
	h.start(opSCSICommand, reads|byte(simple))
	p.tag++
	h.setLUN(scsi.FormatLUN(lun))
	h.setITT(p.tag)
	h.put32(20, 512)
	h.put32(24, p.cmdSN)
	p.cmdSN++
	copy(h[32:], cdb)
	*burst = append(*burst, h[:]...)
	return p.tag
}

// TestHalfPDU: answers don't wait for the rest of a PDU that comes after, also
// when nothing has happened for long.
func TestHalfPDU(t *testing.T) {
	p, _ := hurried(t, 1)
	for _, name := range []string{"busy", "quiet"} {
		var burst []byte
		if name == "quiet" { // what is behind a half PDU must be looked at anew
			time.Sleep(50 * time.Millisecond) // the watchdog has given it up by then
		}
		tag := p.queued(&burst, 0, rw10(0x28, 8, 1))
		var h header
		h.start(opNOPOut|0x40, 0x80)
		h.setITT(8000)
		h.put32(20, noTag)
		h.put32(24, p.cmdSN)
		h.setDataLen(4000)
		p.nc.Write(append(append(burst, h[:]...), make([]byte, 1000)...))
		if a := p.read(); a.itt() != tag {
			t.Fatalf("%s: %x", name, a.header)
		}
		p.nc.Write(make([]byte, 3000))
		if a := p.read(); a.itt() != 8000 || len(a.data) != 4000 {
			t.Fatalf("%s: %x", name, a.header)
		}
	}
}

// TestDeaf: an initiator that takes no answers is not read from any more, so
// that what waits for it has a bound; when it takes them, all come.
func TestDeaf(t *testing.T) {
	var ping, bad, read header
	ping.start(opNOPOut|0x40, 0x80)
	ping.put32(20, noTag)
	ping.setDataLen(8000)
	bad.start(0x1c|0x40, 0x80)
	bad.setDataLen(8000)
	read.start(opSCSICommand, reads)
	read.put32(20, 256<<10)
	copy(read[32:], rw10(0x28, 0, 512))
	for name, h := range map[string]header{"pings": ping, "unknown": bad, "reads": read} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, _, _ := testServer(t, Bounds{})
			p := dial(t, addr)
			p.login(loginOptions{pairs: []pair{{"MaxRecvDataSegmentLength", "262144"}}})
			sent := p.flood(t, h)
			p.nc.SetDeadline(time.Now().Add(time.Minute))
			want := sent
			if name == "reads" {
				want = min(sent, 64) // those behind were out of the window, perhaps
			}
			for want > 0 {
				if a := p.read(); name != "reads" || a.itt() < 64 {
					want--
				}
			}
		})
	}
}

// flood sends a PDU over and over until it isn't taken any more, and returns
// how often it went out as a whole.
func (p *probe) flood(t *testing.T, h header) int {
	t.Helper()
	const most = 1 << 30
	b := append(h[:], make([]byte, h.dataLen())...)
	for i := 0; i*len(b) < most; i++ {
		(*header)(b).setITT(uint32(i))
		(*header)(b).put32(24, p.cmdSN+uint32(i))
		p.nc.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := p.nc.Write(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			go func() { // the rest, when there is room
				p.nc.SetWriteDeadline(time.Now().Add(time.Minute))
				p.nc.Write(b[n:])
			}()
			return i
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%d bytes were taken from one that takes nothing", most)
	return 0
}
