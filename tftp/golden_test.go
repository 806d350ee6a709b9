package tftp_test

import (
	"bytes"
	"context"
	"encoding/binary"
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

// A rom is a client that sends exactly the packets a test gives it.
type rom struct {
	t    *testing.T
	conn *net.UDPConn
}

func newROM(t *testing.T) *rom {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rom{t, conn}
}

func (r *rom) send(to netip.AddrPort, packet string) {
	r.t.Helper()
	if _, err := r.conn.WriteToUDPAddrPort([]byte(packet), to); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rom) receive() (string, netip.AddrPort) {
	r.t.Helper()
	buf := make([]byte, 1<<16)
	_ = r.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, from, err := r.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(buf[:n]), from
}

func (r *rom) expect(want string) netip.AddrPort {
	r.t.Helper()
	got, from := r.receive()
	if got != want {
		r.t.Fatalf("got packet %q, want %q", got, want)
	}
	return from
}

// nothing asserts that no packet comes for a while.
func (r *rom) nothing(why string) {
	r.t.Helper()
	_ = r.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	buf := make([]byte, 1<<16)
	if n, _, err := r.conn.ReadFromUDPAddrPort(buf); err == nil {
		r.t.Fatalf("%s: got packet %q", why, buf[:min(n, 40)])
	}
}

func ack(n uint16) string { return string([]byte{0, 4, byte(n >> 8), byte(n)}) }

func data(n uint16, payload []byte) string {
	return string(append([]byte{0, 3, byte(n >> 8), byte(n)}, payload...))
}

// An end is what the End hook was told.
type end struct {
	transfer *tftp.Transfer
	stats    tftp.Stats
	reason   tftp.Reason
	err      error
}

// ends collects what the End hook is told.
func ends(server *tftp.Server) chan end {
	c := make(chan end, 100)
	server.Hooks.End = func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) { c <- end{t, s, reason, err} }
	return c
}

// edk2's Mtftp4Dxe: size probe with its usual options, "User aborted", then
// the transfer from a new port with windows of four.
func TestEdk2(t *testing.T) {
	content := randomBytes(5*1468 + 10)
	server := &tftp.Server{Read: func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(content), nil }}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))

	probe := newROM(t)
	probe.send(address, "\x00\x01shimx64.efi\x00octet\x00tsize\x000\x00blksize\x001468\x00windowsize\x004\x00")
	tid := probe.expect("\x00\x06tsize\x007350\x00blksize\x001468\x00windowsize\x004\x00")
	probe.send(tid, "\x00\x05\x00\x08User aborted the file transfer\x00")
	if e := <-over; e.reason != tftp.SizeProbe || e.err != nil || e.transfer.Size != 7350 {
		t.Fatalf("probe ended with %v, %v", e.reason, e.err)
	}

	boot := newROM(t)
	boot.send(address, "\x00\x01shimx64.efi\x00octet\x00blksize\x001468\x00windowsize\x004\x00")
	tid = boot.expect("\x00\x06blksize\x001468\x00windowsize\x004\x00")
	boot.send(tid, ack(0))
	for i := range 4 {
		boot.expect(data(uint16(i+1), content[i*1468:(i+1)*1468]))
	}
	boot.nothing("before the window is acknowledged")
	boot.send(tid, ack(4))
	boot.expect(data(5, content[4*1468:5*1468]))
	boot.expect(data(6, content[5*1468:]))
	boot.send(tid, ack(6))
	e := <-over
	if e.reason != tftp.Completed || e.stats.Bytes != int64(len(content)) || e.stats.Retransmits != 0 || e.stats.Blocks != 6 {
		t.Fatalf("ended with %v, %v, %+v", e.reason, e.err, e.stats)
	}
}

// Intel's BIOS ROM: one port for all, tsize probe, ERROR 0, lockstep.
func TestIntelROM(t *testing.T) {
	content := randomBytes(1456 + 1)
	server := &tftp.Server{Read: func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(content), nil }}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))

	rom := newROM(t)
	rom.send(address, "\x00\x01undionly.kpxe\xff\x00octet\x00tsize\x000\x00")
	tid := rom.expect("\x00\x06tsize\x001457\x00")
	rom.send(tid, "\x00\x05\x00\x00TFTP Aborted\x00")
	rom.send(address, "\x00\x01undionly.kpxe\xff\x00octet\x00blksize\x001456\x00")
	tid = rom.expect("\x00\x06blksize\x001456\x00")
	rom.send(tid, ack(0))
	rom.expect(data(1, content[:1456]))
	rom.send(tid, ack(1))
	rom.expect(data(2, content[1456:]))
	rom.send(tid, ack(2))
	for range 2 { // in either order
		e := <-over
		_, probe := e.transfer.Options.Get(tftp.OptSize)
		switch {
		case e.transfer.Filename != "undionly.kpxe":
			t.Errorf("the name is %q", e.transfer.Filename)
		case probe && e.reason != tftp.SizeProbe && e.reason != tftp.Replaced: // the new request may overtake the ERROR
			t.Errorf("probe ended with %v, %v", e.reason, e.err)
		case !probe && e.reason != tftp.Completed:
			t.Errorf("transfer ended with %v, %v", e.reason, e.err)
		}
	}
}

// A client that answers each packet of a window, as edk2 did: repeated ACKs
// must not multiply the traffic.
func TestRepeatedACKs(t *testing.T) {
	content := randomBytes(64 * 512)
	server := &tftp.Server{Read: func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(content), nil }}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))
	rom := newROM(t)
	rom.send(address, "\x00\x01f\x00octet\x00windowsize\x004\x00")
	tid := rom.expect("\x00\x06windowsize\x004\x00")
	rom.send(tid, ack(0))
	due, packets := uint16(1), 0
	for due <= 65 {
		packet, _ := rom.receive()
		packets++
		if n := binary.BigEndian.Uint16([]byte(packet[2:4])); n == due {
			due++
		}
		rom.send(tid, ack(due-1))
		rom.send(tid, ack(due-1))
	}
	if e := <-over; e.reason != tftp.Completed {
		t.Fatalf("ended with %v, %v", e.reason, e.err)
	}
	if packets > 2*65 {
		t.Errorf("%d packets for 65 blocks", packets)
	}
}

// In lockstep a repeated ACK is never answered (RFC 1123 section 4.2.3.1), a
// repeated request doesn't start a second transfer, and packets from
// elsewhere change nothing.
func TestLockstepDuplicates(t *testing.T) {
	content := randomBytes(3 * 512)
	server := &tftp.Server{Read: func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(content), nil }}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))
	rom, stranger := newROM(t), newROM(t)
	request := "\x00\x01f\x00octet\x00"
	rom.send(address, request)
	tid := rom.expect(data(1, content[:512]))
	rom.send(address, request)
	rom.nothing("after a repeated request")
	stranger.send(tid, ack(1))
	rom.nothing("after an ACK of a stranger")
	rom.send(tid, ack(1))
	rom.expect(data(2, content[512:1024]))
	rom.send(tid, ack(1))
	rom.send(tid, ack(0))
	rom.nothing("after repeated ACKs")
	rom.send(tid, ack(2))
	rom.expect(data(3, content[1024:]))
	rom.send(tid, ack(3))
	rom.expect(data(4, nil))
	rom.send(tid, ack(4))
	if e := <-over; e.reason != tftp.Completed || e.stats.Packets != 4 {
		t.Fatalf("ended with %v, %v, %+v", e.reason, e.err, e.stats)
	}
}

// A machine that was reset asks again from the same port.
func TestReset(t *testing.T) {
	content := randomBytes(3 * 512)
	server := &tftp.Server{
		Read:    func(context.Context, *tftp.Request) (tftp.File, error) { return tftp.Bytes(content), nil },
		Timeout: 20 * time.Millisecond,
		Retries: 100,
	}
	over := ends(server)
	address := netip.MustParseAddrPort(start(t, server))
	rom := newROM(t)
	request := "\x00\x01f\x00octet\x00"
	rom.send(address, request)
	old := rom.expect(data(1, content[:512]))
	rom.send(old, ack(1))
	for range 3 { // the block and repetitions of it, to nobody
		rom.expect(data(2, content[512:1024]))
	}
	rom.send(address, request)
	if e := <-over; e.reason != tftp.Replaced || !errors.Is(e.err, tftp.ErrReplaced) {
		t.Fatalf("ended with %v, %v", e.reason, e.err)
	}
	for {
		packet, from := rom.receive()
		if from != old && packet == data(1, content[:512]) {
			rom.send(from, "\x00\x05\x00\x00enough\x00")
			break
		}
	}
	if e := <-over; e.reason != tftp.Aborted {
		t.Fatalf("ended with %v, %v", e.reason, e.err)
	}
}

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
	for range 4 {
		rom.expect(data(1, make([]byte, 512)))
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
