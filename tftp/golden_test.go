package tftp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/spurboot/spur/tftp"
)

// A rom is a client that sends exactly the packets a test gives it.
type rom struct {
	t    *testing.T
	conn *net.UDPConn
}

func newROM(t *testing.T) *rom { return newROMAt(t, "127.0.0.1") }

func newROMAt(t *testing.T, address string) *rom {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(address)})
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

// begin has the server's file f, of 999 zeros, on its way: its first block is
// acknowledged, its second and last one isn't.
func (r *rom) begin(server netip.AddrPort) {
	r.t.Helper()
	r.send(server, "\x00\x01f\x00octet\x00")
	r.send(r.expect(data(1, make([]byte, 512))), ack(1))
	r.expect(data(2, make([]byte, 487)))
}

// waits reports whether a packet is there to be received.
func (r *rom) waits() bool {
	raw, err := r.conn.SyscallConn()
	if err != nil {
		r.t.Fatal(err)
	}
	there := false
	_ = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		there = err == nil
	})
	return there
}

func (r *rom) port() uint16 { return r.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

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
