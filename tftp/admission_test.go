package tftp_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/spurboot/spur/tftp"
)

const plainRequest = "\x00\x01f\x00octet\x00"

// The sender of a request may be forged: until it has acknowledged something,
// little is sent to its address, however patient the transfer is.
func TestForgedRequest(t *testing.T) {
	for _, c := range []struct {
		name, packet string
		most         int // packets
	}{
		{"read", plainRequest, 2},
		{"read with options", "\x00\x01f\x00octet\x00tsize\x000\x00windowsize\x0016\x00", 3},
		{"read with an interval", "\x00\x01f\x00octet\x00timeout\x001\x00", 3},
		{"write", "\x00\x02f\x00octet\x00", 3},
		{"write with options", "\x00\x02f\x00octet\x00blksize\x001428\x00", 3},
	} {
		for _, single := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, single=%v", c.name, single), func(t *testing.T) {
				t.Parallel()
				over := make(chan end, 1)
				server := &tftp.Server{
					Read: func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 600)), nil },
					Write: func(context.Context, *tftp.Request) (tftp.Sink, error) {
						return &upload{done: make(chan struct{})}, nil
					},
					Timeout:    5 * time.Millisecond,
					Retries:    3,
					SinglePort: single,
				}
				server.Hooks.End = func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) { over <- end{t, s, reason, err} }
				rom := newROM(t)
				rom.send(netip.MustParseAddrPort(start(t, server)), c.packet)
				e := <-over
				if e.reason != tftp.TimedOut || !errors.Is(e.err, tftp.ErrTimeout) {
					t.Errorf("ended with %v, %v", e.reason, e.err)
				}
				packets, bytes := 0, 0
				for ; rom.waits(); packets++ {
					packet, _ := rom.receive()
					bytes += len(packet)
				}
				if packets == 0 || packets > c.most {
					t.Errorf("%d packets, %d bytes, were sent to who never acknowledged one; %d bytes were asked", packets, bytes, len(c.packet))
				}
			})
		}
	}
}

// A client that asks again, since the answer got lost, is answered again, as
// often as it asks, by the transfer that it has.
func TestRepeatedRequest(t *testing.T) {
	server := &tftp.Server{
		Read:    func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 600)), nil },
		Timeout: 5 * time.Millisecond,
		Retries: 1000,
	}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))
	for _, c := range []struct {
		request, answer, ack string
		unasked              int // repetitions that nobody asked for
	}{
		{plainRequest, data(1, make([]byte, 512)), ack(1), 1},
		{"\x00\x01f\x00octet\x00tsize\x000\x00", "\x00\x06tsize\x00600\x00", ack(0), 2},
	} {
		rom := newROM(t)
		rom.send(address, c.request)
		tid := rom.expect(c.answer)
		for range c.unasked {
			rom.expect(c.answer)
		}
		for range 5 {
			rom.nothing("until it asks again")
			rom.send(address, c.request)
			if from := rom.expect(c.answer); from != tid {
				t.Fatalf("answered from %v, before from %v", from, tid)
			}
		}
		rom.send(tid, c.ack)
		rom.receive()
		rom.send(tid, "\x00\x05\x00\x00enough\x00")
		if e := <-over; e.reason != tftp.Aborted {
			t.Fatalf("ended with %v, %v", e.reason, e.err)
		}
	}
}

// An address has its share of the places and no more; others find theirs.
func TestShare(t *testing.T) {
	const most, share = 12, 3
	for _, single := range []bool{false, true} {
		refused := make(chan error, 100)
		server := &tftp.Server{
			Read:         func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 999)), nil },
			MaxTransfers: most,
			SinglePort:   single,
		}
		server.Hooks.Refused = func(_ *tftp.Request, _ *tftp.Error, err error) { refused <- err }
		address := netip.MustParseAddrPort(start(t, server))
		for range share {
			newROM(t).begin(address)
		}
		greedy := newROM(t)
		greedy.send(address, plainRequest)
		greedy.expect("\x00\x05\x00\x00too many transfers to your address, try again\x00")
		if err := <-refused; err == nil {
			t.Error("refused without a reason")
		}
		for _, from := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"} {
			for range share {
				newROMAt(t, from).begin(address)
			}
		}
		late := newROMAt(t, "127.0.0.5")
		late.send(address, plainRequest)
		late.expect("\x00\x05\x00\x00server busy, try again\x00")
	}
}

// Transfers of clients that have yet to show that they are there hold no place
// that another needs: not their own address's, and not everybody's.
func TestSilentGiveWay(t *testing.T) {
	const most = 8
	server := &tftp.Server{
		Read:         func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 999)), nil },
		MaxTransfers: most,
	}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))
	forged := []*rom{newROM(t), newROM(t), newROMAt(t, "127.0.0.2"), newROMAt(t, "127.0.0.2"), newROMAt(t, "127.0.0.3"), newROMAt(t, "127.0.0.3"), newROMAt(t, "127.0.0.4"), newROMAt(t, "127.0.0.4")}
	for _, r := range forged {
		r.send(address, plainRequest)
		r.expect(data(1, make([]byte, 512)))
	}
	newROM(t).begin(address)                // in place of one of its own address
	newROMAt(t, "127.0.0.5").begin(address) // in place of the oldest of all
	oldest := map[uint16]bool{forged[0].port(): true, forged[1].port(): true}
	for range 2 {
		e := <-over
		if !oldest[e.transfer.Remote.Port()] || !errors.Is(e.err, tftp.ErrGaveWay) || e.reason != tftp.Stopped {
			t.Errorf("%v ended with %v, %v; want the oldest to give way", e.transfer.Remote, e.reason, e.err)
		}
		delete(oldest, e.transfer.Remote.Port())
	}
	for _, r := range forged {
		r.nothing("to who never acknowledged anything")
	}
}
