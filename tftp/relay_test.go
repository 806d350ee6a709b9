package tftp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/tftp"
)

// A relay passes packets between one client and a server, and loses, doubles
// and swaps some of them by the dice of a fixed seed.
type relay struct {
	front, back *net.UDPConn
	server      netip.AddrPort
	loss        float64
	packets     atomic.Int64 // from the server
	wait        sync.WaitGroup

	mu     sync.Mutex
	client netip.AddrPort
	tid    netip.AddrPort
}

func startRelay(t *testing.T, server string, loss float64, seed uint64) *relay {
	t.Helper()
	r := &relay{server: netip.MustParseAddrPort(server), loss: loss}
	r.tid = r.server
	for _, conn := range []**net.UDPConn{&r.front, &r.back} {
		var err error
		if *conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
		_ = (*conn).SetReadBuffer(4 << 20)
	}
	r.wait.Add(2)
	go r.pass(r.front, rand.New(rand.NewPCG(seed, 1)), r.fromClient)
	go r.pass(r.back, rand.New(rand.NewPCG(seed, 2)), r.fromServer)
	t.Cleanup(func() {
		r.front.Close()
		r.back.Close()
		r.wait.Wait()
	})
	return r
}

func (r *relay) fromClient(p []byte, from netip.AddrPort) {
	r.mu.Lock()
	r.client = from
	to := r.tid
	if p[1] <= 2 { // a request
		to = r.server
	}
	r.mu.Unlock()
	_, _ = r.back.WriteToUDPAddrPort(p, to)
}

func (r *relay) fromServer(p []byte, from netip.AddrPort) {
	r.mu.Lock()
	r.tid = from
	to := r.client
	r.mu.Unlock()
	_, _ = r.front.WriteToUDPAddrPort(p, to)
}

// pass applies the dice to each packet: lost, sent twice, or held back until
// the next one has gone.
func (r *relay) pass(conn *net.UDPConn, dice *rand.Rand, on func([]byte, netip.AddrPort)) {
	defer r.wait.Done()
	buf := make([]byte, 1<<16)
	var held []byte
	for {
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if held != nil {
				on(held, r.last(conn))
				held = nil
			}
			continue
		}
		if err != nil {
			return
		}
		if conn == r.back {
			r.packets.Add(1)
		}
		packet := bytes.Clone(buf[:n])
		switch roll := dice.Float64(); {
		case roll < r.loss:
			continue
		case roll < r.loss+0.03:
			on(packet, from)
		case roll < r.loss+0.06 && held == nil:
			r.note(conn, from)
			held = packet
			continue
		}
		on(packet, from)
		if held != nil {
			on(held, from)
			held = nil
		}
	}
}

func (r *relay) note(conn *net.UDPConn, from netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if conn == r.front {
		r.client = from
	} else {
		r.tid = from
	}
}

func (r *relay) last(conn *net.UDPConn) netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	if conn == r.front {
		return r.client
	}
	return r.tid
}

// Files arrive intact through loss, doubles and swaps, in both directions,
// and with few more packets than there are blocks.
func TestLossyNetwork(t *testing.T) {
	const size = 100_000
	for _, c := range []struct {
		loss   float64
		window int
		most   float64 // packets of the server per block
	}{
		{0, 1, 1.3}, {0, 16, 2.5},
		{0.05, 1, 1.5}, {0.05, 4, 2.5}, {0.05, 16, 4},
		{0.2, 1, 2}, {0.2, 4, 4}, {0.2, 16, 8},
	} {
		for _, single := range []bool{false, true} {
			t.Run(fmt.Sprintf("loss=%v/window=%d/single=%v", c.loss, c.window, single), func(t *testing.T) {
				t.Parallel()
				lossy(t, size, c.loss, c.window, c.most, single)
			})
		}
	}
}

func lossy(t *testing.T, size int, loss float64, window int, most float64, single bool) {
	content := randomBytes(size)
	uploaded := &upload{done: make(chan struct{})}
	server := &tftp.Server{
		Read:       func(_ context.Context, _ *tftp.Request) (tftp.File, error) { return tftp.Bytes(content), nil },
		Write:      func(_ context.Context, _ *tftp.Request) (tftp.Sink, error) { return uploaded, nil },
		Timeout:    10 * time.Millisecond,
		Retries:    30,
		SinglePort: single,
	}
	address := start(t, server)
	client := &tftp.Client{BlockSize: 1428, WindowSize: window, Timeout: 10 * time.Millisecond, Retries: 30}
	down := startRelay(t, address, loss, 1)
	var got bytes.Buffer
	if _, err := client.Get(t.Context(), down.front.LocalAddr().String(), "f", &got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), content) {
		t.Error("the file that was got differs")
	}
	blocks := float64(size/1428 + 1)
	if packets := float64(down.packets.Load()); packets > most*blocks {
		t.Errorf("the server sent %.0f packets for %.0f blocks, want at most %.1f times as many", packets, blocks, most)
	}
	up := startRelay(t, address, loss, 2)
	stats, err := client.Put(t.Context(), up.front.LocalAddr().String(), "f", bytes.NewReader(content))
	if err != nil && !stats.Unconfirmed {
		t.Fatal(err)
	}
	<-uploaded.done
	if !bytes.Equal(uploaded.Bytes(), content) {
		t.Error("the file that was put differs")
	}
	if float64(stats.Packets) > most*blocks {
		t.Errorf("the client sent %d packets for %.0f blocks, want at most %.1f times as many", stats.Packets, blocks, most)
	}
}

// An upload is a Sink in memory.
type upload struct {
	bytes.Buffer
	done    chan struct{}
	aborted error
}

func (u *upload) Close() error { close(u.done); return nil }

func (u *upload) Abort(reason error) { u.aborted = reason; close(u.done) }

// Block numbers roll over to 0. (TestLockstep does it for a window of one.)
func TestRollOver(t *testing.T) {
	content := randomBytes(8*66_000 + 3)
	over := &upload{done: make(chan struct{})}
	server := &tftp.Server{
		Read: func(_ context.Context, _ *tftp.Request) (tftp.File, error) {
			return io.NopCloser(bytes.NewReader(content)), nil
		},
		Write: func(_ context.Context, _ *tftp.Request) (tftp.Sink, error) { return over, nil },
	}
	address := start(t, server)
	client := &tftp.Client{BlockSize: 8, WindowSize: 64}
	var got bytes.Buffer
	if _, err := client.Get(t.Context(), address, "f", &got); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Fatalf("get: %d of %d bytes, %v", got.Len(), len(content), err)
	}
	if _, err := client.Put(t.Context(), address, "f", bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if <-over.done; !bytes.Equal(over.Bytes(), content) {
		t.Fatalf("put: %d of %d bytes", over.Len(), len(content))
	}
}
