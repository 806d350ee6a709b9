package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"github.com/spurboot/spur/bench/testbed"
	"golang.org/x/sys/unix"
)

// A loadGenerator is many machines on one thread. It is as lean as a client can be, so
// that the server is what is measured: it has no sockets that would each have
// to be read, but one ring of frames and one system call for many answers, and
// it never has too little room for a window.
type loadGenerator struct {
	ring     *testbed.Ring
	machines []*machine
	left     int
	pending  [][]byte // frames to send
}

// load prints what it cost: the seconds from the first request to the last
// block, and of those the ones for which it kept a core busy.
func load(_ context.Context, args []string) error {
	if len(args) != 6 {
		return errors.New("load ADDRESS FILE BYTES CLIENTS BLKSIZE WINDOWSIZE")
	}
	server, err := netip.ParseAddrPort(args[0])
	if err != nil {
		return err
	}
	hardware, err := net.ParseMAC(testbed.ServerHardware)
	if err != nil {
		return err
	}
	var numbers [4]int
	for i := range numbers {
		if numbers[i], err = strconv.Atoi(args[2+i]); err != nil {
			return err
		}
	}
	size, count, block, window := numbers[0], numbers[1], numbers[2], numbers[3]
	ring, err := testbed.OpenRing(unix.ETH_P_IP)
	if err != nil {
		return err
	}
	g := &loadGenerator{ring: ring, left: count}
	port := uint16(1024 + os.Getpid()%60000) // another one each time, as of a machine that was switched on
	for i := range count {
		address, own := testbed.Client(i)
		g.machines = append(g.machines, newMachine(endpoint{own, address, port},
			endpoint{hardware, server.Addr(), server.Port()}, args[1], int64(size), block, window))
	}
	return g.run()
}

func (g *loadGenerator) run() error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil { // naps of moderation, not of 50 us more
		return os.NewSyscallError("prctl", err)
	}
	began, worked := time.Now(), busy()
	if err := g.drive(); err != nil {
		return err
	}
	took, work := time.Since(began), busy()-worked
	if err := g.ring.Lost(); err != nil {
		return err
	}
	fmt.Println(took.Seconds(), work.Seconds())
	return nil
}

func busy() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // fails only for a bad argument
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// drive takes what has come, answers it, and waits for more.
func (g *loadGenerator) drive() error {
	for _, m := range g.machines {
		if err := g.queue(m); err != nil {
			return err
		}
	}
	for {
		n, err := g.take()
		if err != nil {
			return err
		}
		if err := g.flush(); err != nil || g.left == 0 {
			return err
		}
		if n > 0 {
			continue
		}
		if !g.wait(retransmitAfter) {
			if err := g.retransmit(); err != nil {
				return err
			}
		}
	}
}

// take handles the frames that are there, at most a batch, and returns how many
// they were.
func (g *loadGenerator) take() (n int, err error) {
	for n < testbed.Batch && err == nil {
		frame, _ := g.ring.Peek()
		if frame == nil {
			break
		}
		err = g.handle(frame)
		g.ring.Done()
		n++
	}
	return n, err
}

// moderation is how long the ring is left alone once it is empty: about as long
// as a network card holds its interrupt back. Waiting in ppoll instead would
// have the server pay for waking this process with many of its packets, which
// on a real wire it does not.
const moderation = 20 * time.Microsecond

// wait waits for a frame; false when none came in time.
func (g *loadGenerator) wait(limit time.Duration) bool {
	nap := unix.NsecToTimespec(int64(moderation))
	for until := time.Now().Add(limit); ; {
		if frame, _ := g.ring.Peek(); frame != nil {
			return true
		}
		if time.Now().After(until) {
			return false
		}
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&nap)), 0, 0) // interrupted: a shorter nap
	}
}

func (g *loadGenerator) handle(frame []byte) error {
	d, ok, err := parseFrame(frame)
	i := testbed.ClientIndex(d.to)
	if err != nil || !ok || i < 0 || i >= len(g.machines) {
		return err
	}
	m := g.machines[i]
	was := m.done
	if err := m.take(d); err != nil {
		return fmt.Errorf("client %d after block %d: %w", i, m.got, err)
	}
	if m.done && !was {
		g.left--
	}
	return g.queue(m)
}

// queue sends what a machine has to say, as soon as a batch is full.
func (g *loadGenerator) queue(m *machine) error {
	if !m.pending {
		return nil
	}
	m.pending = false
	if g.pending = append(g.pending, m.frame); len(g.pending) == testbed.Batch {
		return g.flush()
	}
	return nil
}

func (g *loadGenerator) flush() error {
	err := g.ring.Send(g.pending)
	g.pending = g.pending[:0]
	return err
}

const (
	retransmitAfter = 500 * time.Millisecond // of all machines, before they repeat what they sent
	giveUpAfter     = 20 * time.Second
)

// retransmit repeats the last packet of those who wait.
func (g *loadGenerator) retransmit() error {
	for i, m := range g.machines {
		if m.done {
			continue
		}
		if m.silent++; m.silent > int(giveUpAfter/retransmitAfter) {
			return fmt.Errorf("client %d heard nothing after block %d", i, m.got)
		}
		m.pending = true
		if err := g.queue(m); err != nil {
			return err
		}
	}
	return g.flush()
}
