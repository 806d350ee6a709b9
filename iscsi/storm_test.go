package iscsi

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// moody is a disk that is quick, and then slow, and stalls now and then.
type moody struct{ *memory }

func (m moody) Read(ctx context.Context, p []byte, off int64) error {
	m.dawdle(ctx)
	return m.memory.Read(ctx, p, off)
}

func (m moody) Write(ctx context.Context, p []byte, off int64, f block.WriteFlags) error {
	m.dawdle(ctx)
	return m.memory.Write(ctx, p, off, f)
}

func (m moody) dawdle(ctx context.Context) {
	often := 200
	if time.Now().UnixMilli()/20%2 == 0 {
		often = 3
	}
	if rand.IntN(often) == 0 {
		select {
		case <-time.After(time.Duration(rand.IntN(3000)) * time.Microsecond):
		case <-ctx.Done():
		}
	}
}

// TestStorm: sessions with much under way at once, of which some is aborted, on
// a disk that is quick and slow: every command is answered, once, and what is
// read is what was written.
func TestStorm(t *testing.T) {
	const sessions = 4
	addr := serve(t, &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: moody{newMemory(sessions * stormSlots * stormSpan)}}}})})
	var wg sync.WaitGroup
	for i := range sessions {
		p := dial(t, addr)
		p.nc.SetDeadline(time.Now().Add(time.Minute))
		if s := p.login(loginOptions{isid: byte(i), pairs: []pair{
			{"InitialR2T", []string{"Yes", "No"}[i%2]}, {"MaxRecvDataSegmentLength", []string{"4096", "262144"}[i/2%2]}, {"FirstBurstLength", "16384"},
		}}); s != LoginSuccess {
			t.Fatal(s)
		}
		wg.Go(func() {
			(&storm{probe: p, base: i * stormSlots * stormSpan, random: rand.New(rand.NewPCG(1, uint64(i)))}).run()
		})
	}
	wg.Wait()
}

const (
	stormSlots  = 24       // commands under way
	stormSpan   = 64 << 10 // bytes that one of them has for itself
	stormRounds = 1500     // commands of a session
)

// storm is one session. Tags are slots; those of pings and of aborts lie above.
type storm struct {
	*probe
	base   int
	random *rand.Rand
	slots  [stormSlots]stormSlot
	open   int
	begun  int
}

// stormSlot writes a piece and reads it, by turns.
type stormSlot struct {
	wrote    []byte // nil: what is there isn't known
	got      []byte
	writes   bool
	aborting bool
	busy     bool
}

func (s *storm) run() {
	for i := range s.slots {
		s.next(uint32(i))
	}
	for s.open > 0 {
		a, err := s.probe.next()
		if err != nil {
			s.t.Errorf("%d commands are open: %v", s.open, err)
			return
		}
		s.take(a)
		if s.t.Failed() {
			return
		}
	}
}

// next has a slot send its next command, and perhaps something else.
func (s *storm) next(i uint32) {
	if s.begun++; s.begun > stormRounds {
		return
	}
	slot := &s.slots[i]
	if slot.writes = slot.wrote == nil || s.random.IntN(2) == 0; slot.writes {
		slot.wrote = bytes.Repeat([]byte{byte(s.random.Int())}, 512*(1+s.random.IntN(stormSpan/512)))
	}
	slot.busy, slot.got = true, slot.got[:0]
	s.open++
	n, lba := len(slot.wrote), (s.base+int(i)*stormSpan)/512
	if slot.writes {
		s.numbered(i, writes, rw10(0x2a, lba, n/512), n, slot.wrote[:min(n, 512*s.random.IntN(8))])
	} else {
		s.numbered(i, reads, rw10(0x28, lba, n/512), n, nil)
	}
	switch s.random.IntN(20) {
	case 0:
		s.abort(i)
	case 1:
		s.ping()
	}
}

func (s *storm) numbered(tag uint32, flags byte, cdb []byte, n int, data []byte) {
	s.tag = tag - 1
	s.command(flags, cdb, n, data)
}

func (s *storm) abort(i uint32) {
	var h header
	h.start(opTaskMgmt|0x40, 0x80|abortTask)
	h.setITT(1000 + i)
	h.put32(20, i)
	h.put32(24, s.cmdSN)
	h.put32(32, s.cmdSN-1)
	s.slots[i].aborting = true
	s.open++
	s.send(&h, nil)
}

func (s *storm) ping() {
	var h header
	h.start(opNOPOut, 0x80)
	h.setITT(2000 + s.cmdSN)
	h.put32(20, noTag)
	h.put32(24, s.cmdSN)
	s.cmdSN++
	s.open++
	s.send(&h, []byte("are you there?"))
}

func (s *storm) take(a answer) {
	tag := a.itt()
	switch op := a.opcode(); {
	case op == opNOPIn && tag >= 2000 && string(a.data) == "are you there?":
		s.open--
	case op == opTaskMgmtResp && tag >= 1000 && tag < 1000+stormSlots:
		s.aborted(tag-1000, a.header[2])
	case tag >= stormSlots || !s.slots[tag].busy:
		s.t.Errorf("nobody waits for %x", a.header)
	case op == opR2T:
		slot, at, n := &s.slots[tag], int(a.u32(40)), int(a.u32(44))
		half := n / 2
		s.dataOut(tag, a.ttt(), 0, at, false, slot.wrote[at:at+half])
		s.dataOut(tag, a.ttt(), 1, at+half, true, slot.wrote[at+half:at+n])
	case op == opDataIn:
		slot := &s.slots[tag]
		if int(a.u32(40)) != len(slot.got) {
			s.t.Errorf("data out of order: %x", a.header)
		}
		if slot.got = append(slot.got, a.data...); a.flags()&flagStatus != 0 {
			s.over(tag, a.header[3])
		}
	case op == opSCSIResponse:
		s.over(tag, a.header[3])
	default:
		s.t.Errorf("%x", a.header)
	}
}

// over is a command's end by its status.
func (s *storm) over(i uint32, status byte) {
	slot := &s.slots[i]
	if status != statusGood || !slot.writes && !bytes.Equal(slot.got, slot.wrote) {
		s.t.Errorf("slot %d: status %d, or other bytes than were written", i, status)
	}
	slot.busy = false
	s.open--
	if !slot.aborting { // else it waits for the answer to that
		s.next(i)
	}
}

// aborted is the answer to an abort; the command may have been quicker.
func (s *storm) aborted(i uint32, response byte) {
	slot := &s.slots[i]
	if slot.busy == (response != functionComplete) {
		s.t.Errorf("slot %d: response %d, while the command is open: %v", i, response, slot.busy)
	}
	if slot.busy {
		slot.busy = false
		slot.wrote = nil
		s.open--
	}
	slot.aborting = false
	s.open--
	s.next(i)
}
