package tftp

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Requests as clients send them.
var requests = []string{
	"\x00\x01shimx64.efi\x00octet\x00tsize\x000\x00blksize\x001468\x00windowsize\x004\x00", // edk2
	"\x00\x01undionly.kpxe\xff\x00octet\x00tsize\x000\x00",                                 // Intel's BIOS ROM
	"\x00\x01/boot/vmlinuz\x00octet\x00blksize\x001432\x00tsize\x000\x00",                  // iPXE
	"\x00\x01revocations_sbat.efi\x00octet\x00tsize\x000\x00blksize\x00512\x00",            // shim
	"\x00\x01f\x00octet\x00tsize\x000\x00blksize\x00512\x00timeout\x006\x00",               // curl
	"\x00\x01f\x00netascii\x00",
	"\x00\x02f\x00octet\x00tsize\x005\x00windowsize\x0016\x00blksize\x001428\x00", // atftp
	"\x00\x01f",
}

var packets = []string{
	"\x00\x03\x00\x01data", "\x00\x04\x00\x01", "\x00\x04\x00", "\x00\x05\x00\x08User aborted the file transfer\x00",
	"\x00\x05\x00\x00", "\x00\x06tsize\x007350\x00blksize\x001468\x00", "\x00\x06", "\x00\x09", "",
}

func FuzzParseRequest(f *testing.F) {
	for _, s := range requests {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRequest(b)
		if err != nil {
			return
		}
		if strings.ContainsRune(r.Filename, 0) || len(r.Options) > maxOptions {
			t.Fatalf("%+v", r)
		}
		agreed, oack := negotiate(r, 1000, limits{blockSize: maxBlockSize})
		if agreed.blockSize < minBlockSize || agreed.blockSize > maxBlockSize || agreed.windowSize < 1 ||
			agreed.windowSize*agreed.blockSize > max(maxWindowBytes, maxBlockSize) {
			t.Fatalf("%+v", agreed)
		}
		if _, err := agree(r.Options, oack); r.Op == Read && err != nil {
			t.Fatalf("our client refuses our answer %v to %v: %v", oack, r.Options, err)
		}
		// What we would send for it reads back the same, unless the name ends
		// in what is stripped.
		again, err := ParseRequest(appendRequest(nil, r))
		if err == nil && cleanName([]byte(r.Filename)) == r.Filename && !again.same(r) {
			t.Fatalf("%+v became %+v", r, again)
		}
	})
}

func FuzzParsePacket(f *testing.F) {
	for _, s := range packets {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p packet
		if parsePacket(b, &p) != nil {
			return
		}
		switch p.op {
		case opData:
			if !bytes.Equal(p.data, b[headerSize:]) {
				t.Fatal("other data")
			}
		case opError:
			for _, c := range []byte(p.err.Message) {
				if c < ' ' || c > '~' {
					t.Fatalf("message %q", p.err.Message)
				}
			}
			_ = appendError(nil, &p.err)
		case opOACK:
			_, _ = agree(Options{{"blksize", "1428"}, {"tsize", "0"}}, p.options)
		}
	})
}

// A server must survive any packet, to its port or to a transfer's, and still
// serve the next client.
func FuzzServerPacket(f *testing.F) {
	for _, s := range append(requests, packets...) {
		f.Add([]byte(s), []byte("\x00\x04\x00\x01"))
		f.Add([]byte(requests[0]), []byte(s))
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		f.Fatal(err)
	}
	server := &Server{
		Read:    func(context.Context, *Request) (File, error) { return Bytes(make([]byte, 3000)), nil },
		Timeout: time.Millisecond,
		Retries: 1,
	}
	address := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	ctx, stop := context.WithCancel(f.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, conn) }()
	f.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		serverPacket(t, address, first, second)
	})
}

func serverPacket(t *testing.T, server netip.AddrPort, first, second []byte) {
	client, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if len(first) > 60_000 || len(second) > 60_000 {
		return
	}
	_, _ = client.WriteToUDPAddrPort(first, server)
	buf := make([]byte, 1<<16)
	if len(first) > 2 && binary.BigEndian.Uint16(first) <= opWrite {
		_ = client.SetReadDeadline(time.Now().Add(time.Second))
		if _, from, err := client.ReadFromUDPAddrPort(buf); err == nil {
			_, _ = client.WriteToUDPAddrPort(second, from)
		}
	}
	// The server gives a client up within 3 ms here, which a loaded machine may
	// need for a single turn: a client may lose once, not again and again.
	var size int64
	for range 3 {
		if size, err = new(Client).Size(t.Context(), server.String(), "f"); err == nil && size == 3000 {
			return
		}
	}
	t.Fatalf("after %q, %q: size %d, %v", first, second, size, err)
}
