package tftp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/tftp"
)

// What is wrong is answered, reported, and harms nobody else.
func TestMalformed(t *testing.T) {
	var mu sync.Mutex
	seen := 0
	server := &tftp.Server{Read: tftp.FS(os.DirFS(t.TempDir()))}
	server.Hooks.Malformed = func(netip.AddrPort, error) { mu.Lock(); seen++; mu.Unlock() }
	address := netip.MustParseAddrPort(start(t, server))
	rom := newROM(t)
	illegal := "\x00\x05\x00\x04illegal TFTP operation\x00"
	for _, c := range []struct{ name, packet, want string }{
		{"empty", "", illegal},
		{"one byte", "\x00", illegal},
		{"opcode 0", "\x00\x00\x00\x00", illegal},
		{"opcode 9", "\x00\x09\x00\x00", illegal},
		{"name without end", "\x00\x01name", illegal},
		{"mail", "\x00\x01name\x00mail\x00", illegal},
		{"no mode", "\x00\x01name\x00", illegal},
		{"too long", "\x00\x01" + strings.Repeat("x", 3000) + "\x00octet\x00", illegal},
		{"stray ACK", ack(7), "\x00\x05\x00\x05unknown transfer ID\x00"},
		{"stray DATA", data(7, nil), "\x00\x05\x00\x05unknown transfer ID\x00"},
		{"not there", "\x00\x01name\x00OCTET\x00", "\x00\x05\x00\x01file not found\x00"},
		{"write", "\x00\x02name\x00octet\x00", "\x00\x05\x00\x02access violation\x00"},
	} {
		rom.send(address, c.packet)
		if got, _ := rom.receive(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	rom.send(address, "\x00\x05\x00\x00an ERROR\x00")
	rom.nothing("after an ERROR")
	mu.Lock()
	defer mu.Unlock()
	if seen != 8 {
		t.Errorf("%d packets were reported malformed, want 8", seen)
	}
}

// Garbage within a transfer ends that transfer.
func TestMalformedWithin(t *testing.T) {
	server := &tftp.Server{Read: func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 999)), nil }}
	over := ends(server)
	rom := newROM(t)
	rom.send(netip.MustParseAddrPort(start(t, server)), "\x00\x01f\x00octet\x00")
	tid := rom.expect(data(1, make([]byte, 512)))
	rom.send(tid, "\x00\x63")
	rom.expect("\x00\x05\x00\x04malformed packet\x00")
	if e := <-over; e.reason != tftp.Protocol || e.err == nil {
		t.Fatalf("ended with %v, %v", e.reason, e.err)
	}
}

func TestBusy(t *testing.T) {
	server := &tftp.Server{
		Read:         func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 999)), nil },
		MaxTransfers: 1,
	}
	over := ends(server)
	refused := make(chan error, 1)
	server.Hooks.Refused = func(_ *tftp.Request, _ *tftp.Error, err error) { refused <- err }
	address := netip.MustParseAddrPort(start(t, server))
	first, second := newROM(t), newROM(t)
	first.send(address, "\x00\x01f\x00octet\x00")
	tid := first.expect(data(1, make([]byte, 512)))
	first.send(tid, ack(1))
	first.expect(data(2, make([]byte, 487)))
	second.send(address, "\x00\x01f\x00octet\x00")
	second.expect("\x00\x05\x00\x00server busy, try again\x00")
	if err := <-refused; err == nil {
		t.Error("refused without a reason")
	}
	first.send(tid, "\x00\x05\x00\x00enough\x00")
	if e := <-over; e.reason != tftp.Aborted {
		t.Fatalf("ended with %v, %v", e.reason, e.err)
	}
}

// A file that shrinks ends its own transfer with an ERROR and no other.
func TestShrinkingFile(t *testing.T) {
	dir := folder(t, 1<<20)
	name := filepath.Join(dir, "1048576")
	server := &tftp.Server{Read: tftp.FS(os.DirFS(dir))}
	over := ends(server)
	rom := newROM(t)
	rom.send(netip.MustParseAddrPort(start(t, server)), "\x00\x01/1048576\x00octet\x00blksize\x001024\x00")
	tid := rom.expect("\x00\x06blksize\x001024\x00")
	if err := os.Truncate(name, 100_000); err != nil {
		t.Fatal(err)
	}
	for n := uint16(0); ; n++ {
		rom.send(tid, ack(n))
		if packet, _ := rom.receive(); packet[1] == 5 {
			if packet != "\x00\x05\x00\x00file became shorter during the transfer: 100000 of 1048576 bytes\x00" {
				t.Errorf("got %q", packet)
			}
			break
		}
	}
	if e := <-over; e.reason != tftp.Failed || !errors.Is(e.err, tftp.ErrTruncated) {
		t.Fatalf("ended with %v, %v", e.reason, e.err)
	}
}

// A client that vanishes is noticed; one that closes its port after the last
// block has all it wanted.
func TestGone(t *testing.T) {
	server := &tftp.Server{
		Read:    func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 600)), nil },
		Timeout: 10 * time.Millisecond,
	}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))
	for _, c := range []struct {
		acks int
		want tftp.Reason
	}{{0, tftp.Gone}, {1, tftp.Completed}} {
		rom := newROM(t)
		rom.send(address, "\x00\x01f\x00octet\x00")
		tid := rom.expect(data(1, make([]byte, 512)))
		if c.acks == 1 {
			rom.send(tid, ack(1))
			rom.expect(data(2, make([]byte, 88)))
		}
		rom.conn.Close()
		if e := <-over; e.reason != c.want || e.stats.Unconfirmed != (c.acks == 1) {
			t.Errorf("after %d ACKs: ended with %v, %v, %+v", c.acks, e.reason, e.err, e.stats)
		}
	}
}

// A client that falls silent is given up after the retries, and delays nobody.
func TestSilent(t *testing.T) {
	server := &tftp.Server{
		Read:    func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(make([]byte, 600)), nil },
		Timeout: 5 * time.Millisecond,
		Retries: 3,
	}
	over := ends(server)
	address := start(t, server)
	rom := newROM(t)
	rom.send(netip.MustParseAddrPort(address), "\x00\x01f\x00octet\x00")
	rom.send(rom.expect(data(1, make([]byte, 512))), ack(1))
	for range 4 {
		rom.expect(data(2, make([]byte, 88)))
	}
	e := <-over
	if e.reason != tftp.TimedOut || !errors.Is(e.err, tftp.ErrTimeout) || e.stats.Retransmits != 3 {
		t.Fatalf("ended with %v, %v, %+v", e.reason, e.err, e.stats)
	}
	if _, err := new(tftp.Client).Get(t.Context(), address, "f", io.Discard); err != nil {
		t.Error(err)
	}
}

// The answer comes from the address that was asked, and the request tells it.
func TestAskedAddress(t *testing.T) {
	for _, single := range []bool{false, true} {
		asked := make(chan *tftp.Request, 1)
		server := &tftp.Server{SinglePort: single, Read: func(_ context.Context, r *tftp.Request) (tftp.File, error) {
			asked <- r
			return tftp.Bytes([]byte("hello")), nil
		}}
		conn, err := net.ListenUDP("udp", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- server.Serve(ctx, conn) }()
		port := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		// A packet that comes in before Serve has prepared the socket lacks the interface.
		if _, err := new(tftp.Client).Size(ctx, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String(), "f"); err != nil {
			t.Fatal(err)
		}
		<-asked
		for _, host := range []string{"127.0.0.2", "127.0.0.3"} {
			var got bytes.Buffer
			address := netip.AddrPortFrom(netip.MustParseAddr(host), port)
			if _, err := new(tftp.Client).Get(ctx, address.String(), "f", &got); err != nil || got.String() != "hello" {
				t.Errorf("single=%v %s: %q, %v", single, host, got.String(), err)
			}
			if r := <-asked; r.Local != address || r.Interface == 0 {
				t.Errorf("single=%v: asked at %v, the request says %v on interface %d", single, address, r.Local, r.Interface)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A handler that panics costs its client the transfer, and nobody else theirs.
func TestPanic(t *testing.T) {
	told := make(chan string, 2)
	server := &tftp.Server{Read: func(_ context.Context, r *tftp.Request) (tftp.File, error) {
		if r.Filename == "bad" {
			panic("thirteen")
		}
		return tftp.Bytes(make([]byte, 999)), nil
	}}
	server.Hooks.Panicked = func(r *tftp.Request, value any, stack []byte) {
		if !strings.Contains(string(stack), "TestPanic") {
			t.Errorf("the stack is %s", stack)
		}
		told <- r.Filename + " " + value.(string)
	}
	address := start(t, server)
	for range 2 {
		_, err := new(tftp.Client).Get(t.Context(), address, "bad", io.Discard)
		var answer *tftp.Error
		if !errors.As(err, &answer) || answer.Message != "internal error" {
			t.Errorf("got %v", err)
		}
		if _, err := new(tftp.Client).Get(t.Context(), address, "good", io.Discard); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if got := <-told; got != "bad thirteen" { // the client may hear of it first
			t.Errorf("told %q", got)
		}
	}
}
