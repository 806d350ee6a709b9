package tftp

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
	"reflect"
	"runtime"
	"testing"
	"time"
)

func TestNegotiate(t *testing.T) {
	opts := func(pairs ...string) (o Options) {
		for i := 0; i < len(pairs); i += 2 {
			o = append(o, Option{pairs[i], pairs[i+1]})
		}
		return o
	}
	for _, c := range []struct {
		name  string
		op    Op
		asked Options
		size  int64
		limit limits
		oack  Options
		terms terms
	}{
		{"none", Read, nil, 9, limits{blockSize: 65464}, nil, terms{512, 1, 0, 9, false}},
		{"edk2", Read, opts("tsize", "0", "blksize", "1468", "windowsize", "4"), 9, limits{blockSize: 65464},
			opts("tsize", "9", "blksize", "1468", "windowsize", "4"), terms{1468, 4, 0, 9, true}},
		{"case and order", Read, opts("BLKSIZE", "1024", "Timeout", "3"), 9, limits{blockSize: 65464},
			opts("BLKSIZE", "1024", "Timeout", "3"), terms{1024, 1, 3 * time.Second, 9, false}},
		{"too small, too large", Read, opts("blksize", "7", "timeout", "256", "windowsize", "0"), 9, limits{blockSize: 65464}, nil, terms{512, 1, 0, 9, false}},
		{"clamped", Read, opts("blksize", "99999", "windowsize", "65535"), 9, limits{blockSize: 65464}, opts("blksize", "65464", "windowsize", "1"), terms{65464, 1, 0, 9, false}},
		{"clamped by us", Read, opts("blksize", "9000", "windowsize", "9"), 9, limits{1400, 5}, opts("blksize", "1400", "windowsize", "5"), terms{1400, 5, 0, 9, false}},
		{"window first", Read, opts("windowsize", "64", "blksize", "8192"), 9, limits{blockSize: 65464}, opts("windowsize", "11", "blksize", "8192"), terms{8192, 11, 0, 9, false}},
		{"unknown, malformed", Read, opts("multicast", "", "blksize", "x", "blksize", "-1", "windowsize", "1e3"), 9, limits{blockSize: 65464}, nil, terms{512, 1, 0, 9, false}},
		{"twice", Read, opts("blksize", "600", "blksize", "700"), 9, limits{blockSize: 65464}, opts("blksize", "600"), terms{600, 1, 0, 9, false}},
		{"size unknown", Read, opts("tsize", "0"), -1, limits{blockSize: 65464}, nil, terms{512, 1, 0, -1, false}},
		{"write", Write, opts("tsize", "77"), -1, limits{blockSize: 65464}, opts("tsize", "77"), terms{512, 1, 0, 77, true}},
	} {
		got, oack := negotiate(&Request{Op: c.op, Options: c.asked}, c.size, c.limit)
		if got != c.terms || !reflect.DeepEqual(oack, c.oack) {
			t.Errorf("%s: got %+v, %v; want %+v, %v", c.name, got, oack, c.terms, c.oack)
		}
	}
}

func TestAgree(t *testing.T) {
	asked := Options{{"blksize", "1428"}, {"windowsize", "8"}, {"tsize", "0"}, {"timeout", "2"}}
	got, err := agree(asked, Options{{"BLKSIZE", "1024"}, {"tsize", "5"}, {"timeout", "2"}})
	if want := (terms{1024, 1, 2 * time.Second, 5, true}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []Option{{"blksize", "1429"}, {"blksize", "7"}, {"windowsize", "9"}, {"timeout", "3"}, {"utimeout", "1"}, {"tsize", "x"}} {
		if _, err := agree(asked, Options{bad}); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

func TestParseRequest(t *testing.T) {
	for _, c := range []struct{ packet, name string }{
		{"\x00\x01boot.efi\x00octet\x00", "boot.efi"},
		{"\x00\x01boot.efi\xff\x00octet\x00", "boot.efi"},
		{"\x00\x01boot.efi \xff  \x00octet\x00", "boot.efi"},
		{"\x00\x01\\boot\\x64.efi\x00OcTeT\x00", "\\boot\\x64.efi"},
		{"\x00\x01boot.efi\x00octet", "boot.efi"},
		{"\x00\x01a b\xff\xff\x00netascii\x00blksize\x001024", "a b\xff"},
		{"\x00\x01\x00octet\x00", ""},
	} {
		r, err := ParseRequest([]byte(c.packet))
		if err != nil || r.Filename != c.name {
			t.Errorf("%q: %+v, %v", c.packet, r, err)
		}
	}
}

func TestNetascii(t *testing.T) {
	for local, wire := range map[string]string{"": "", "a\nb": "a\r\nb", "\r": "\r\x00", "\r\n\n": "\r\x00\r\n\r\n"} {
		got, err := io.ReadAll(newNetasciiReader(bytes.NewBufferString(local)))
		if err != nil || string(got) != wire {
			t.Errorf("%q became %q, %v", local, got, err)
		}
		var back bytes.Buffer
		w := newNetasciiWriter(&back)
		for _, c := range []byte(wire) {
			if _, err := w.Write([]byte{c}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.finish(); err != nil || back.String() != local {
			t.Errorf("%q came back as %q, %v", local, back.String(), err)
		}
	}
	var kept bytes.Buffer
	w := newNetasciiWriter(&kept)
	if _, err := w.Write([]byte("a\rb\r")); err != nil || w.finish() != nil || kept.String() != "a\rb\r" {
		t.Errorf("bare CRs became %q, %v", kept.String(), err)
	}
}

func TestWindow(t *testing.T) {
	w := newSendWindow(4)
	w.last = 10
	send := func(from, to uint64) {
		t.Helper()
		if f, l := w.toSend(); f != from || l != to {
			t.Fatalf("sends %d to %d, want %d to %d", f, l, from, to)
		}
		w.sentThrough(to)
	}
	expect := func(n uint16, want ackMeaning) {
		t.Helper()
		if got := w.ack(n); got != want {
			t.Fatalf("ACK %d is %d, want %d", n, got, want)
		}
	}
	send(1, 4)
	expect(9, stale) // never sent
	expect(4, advanced)
	send(5, 8)
	expect(4, gap)   // block 5 was lost
	expect(4, stale) // ... and this is the echo of block 7
	send(5, 6)       // in a smaller burst
	if !w.isUnfinished() {
		t.Fatal("no second burst")
	}
	send(7, 8)
	expect(6, gap) // block 7 was lost
	expect(6, stale)
	send(7, 7)
	expect(7, advanced)
	expect(7, stale)
	w.goBack()
	send(8, 8)
	send(9, 9)
	send(10, 10)
	if w.isUnfinished() {
		t.Fatal("open after the final block")
	}
	expect(10, finished)
}

// In lockstep nothing but the next ACK or a timeout makes a sender send.
func TestLockstep(t *testing.T) {
	w := newSendWindow(1)
	for n := range uint64(70_000) {
		if from, to := w.toSend(); from != n+1 || to != n+1 {
			t.Fatalf("sends %d to %d after block %d", from, to, n)
		}
		w.sentThrough(n + 1)
		if w.ack(uint16(n)) != repeated || w.ack(uint16(n+2)) != stale || w.ack(uint16(n+1)) != advanced {
			t.Fatalf("wrong at block %d", n)
		}
	}
}

func TestReceiveWindow(t *testing.T) {
	in := receiveWindow{size: 4}
	for i, c := range []struct {
		n         uint16
		final     bool
		take, ack bool
	}{
		{1, false, true, false}, {2, false, true, false},
		{4, false, false, true},  // gap: say so
		{5, false, false, false}, // once
		{3, false, true, false}, {4, false, true, false}, {5, false, true, false}, {6, false, true, true},
		{3, false, false, false}, {6, false, false, true}, // the whole window again: its end tells that the ACK was lost
		{9000, false, false, false},
		{7, true, true, true},
	} {
		got := in.data(c.n, c.final)
		if got != (arrival{c.take, c.ack}) {
			t.Errorf("step %d, block %d: %+v", i, c.n, got)
		}
		if got.ack {
			in.confirm()
		}
	}
}

// A fakeLink acknowledges everything at once.
type fakeLink struct{ last uint16 }

func (l *fakeLink) send(p []byte, stride int) error {
	l.last = binary.BigEndian.Uint16(p[(len(p)-1)/stride*stride+2:])
	return nil
}

func (l *fakeLink) recv(buf []byte, _ time.Duration) (int, error) {
	putHeader(buf, opAck, l.last)
	return headerSize, nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// No window costs an allocation.
func TestSenderAllocatesNothing(t *testing.T) {
	for _, window := range []int{1, 16} {
		s := newSender(newExchange(&fakeLink{}, terms{blockSize: 1428, windowSize: window}, newTimer(0, 0, 0)), newBlocks(endless{}, Octet, -1, 1428, window, newBlockCache()))
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := s.flush(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.listen(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("window %d: %v allocations per window", window, n)
		}
	}
}

// Nor do packets on real sockets, of either kind, with a real file: a transfer
// of many blocks allocates as much as one of few.
func TestTransfersAllocateNothingPerPacket(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"few": 64 << 10, "many": 8 << 20} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, single := range []bool{false, true} {
		address := serveHere(t, &Server{Read: FS(os.DirFS(dir)), SinglePort: single})
		for _, window := range []int{1, 16} {
			few := mallocs(t, address, "few", window)
			many := mallocs(t, address, "many", window)
			const blocks = 8 << 20 / 1428
			if many > few+blocks/50 {
				t.Errorf("single=%v window %d: %d allocations for %d blocks, %d for few", single, window, many, blocks, few)
			}
		}
	}
}

// serveHere runs a server on a free port of the loopback until the test ends.
func serveHere(t *testing.T, server *Server) (address string) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, conn) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().String()
}

func mallocs(t *testing.T, address, name string, window int) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := (&Client{BlockSize: 1428, WindowSize: window}).Get(t.Context(), address, name, io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// openFile opens a file with the given content until the test ends.
func openFile(t *testing.T, content []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// Every way of reading a file gives the same blocks.
func TestSources(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1000)
	file := openFile(t, content)
	for _, r := range []io.Reader{file, bytes.NewReader(content), bytes.NewBuffer(bytes.Clone(content)), endedReader{bytes.NewReader(content)}} {
		for _, blockSize := range []int{8, 512, 1428, 16000, 65464} {
			if s, ok := r.(io.Seeker); ok {
				_, _ = s.Seek(0, io.SeekStart)
			} else if blockSize > 8 {
				continue
			}
			b := newBlocks(r, Octet, sizeOf(r), blockSize, 3, newBlockCache())
			var got []byte
			for n := uint64(1); b.shape().last == 0 || n <= b.shape().last; n++ {
				p, _, err := b.packets(n-1, n, n)
				if err != nil {
					t.Fatalf("%T %d: %v", r, blockSize, err)
				}
				if binary.BigEndian.Uint16(p[2:]) != uint16(n) {
					t.Fatalf("%T %d: block %d carries another number", r, blockSize, n)
				}
				got = append(got, p[headerSize:]...)
			}
			if !bytes.Equal(got, content) {
				t.Errorf("%T %d: %d of %d bytes", r, blockSize, len(got), len(content))
			}
		}
	}
}

// endedReader hides everything but Read.
type endedReader struct{ r io.Reader }

func (e endedReader) Read(p []byte) (int, error) { return e.r.Read(p) }

// A socket waits for as long as it is told to, tells a closed port and can be
// interrupted.
func TestSocketWaits(t *testing.T) {
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	ctx, stop := context.WithCancel(t.Context())
	s, err := dial(ctx, addrPortOf("127.0.0.1:0"), peer.LocalAddr().(*net.UDPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	buf := make([]byte, 100)
	say := func(word string) {
		t.Helper()
		if err := s.send([]byte("hello"), 5); err != nil {
			t.Fatal(err)
		}
		_, back, err := peer.ReadFromUDPAddrPort(buf)
		if err == nil {
			_, err = peer.WriteToUDPAddrPort([]byte(word), back)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.recv(buf, time.Millisecond); !errors.Is(err, errAgain) {
		t.Fatalf("in silence: %v", err)
	}
	for _, wait := range []time.Duration{time.Minute, 0} {
		say("word")
		if n, err := s.recv(buf, wait); err != nil || string(buf[:n]) != "word" {
			t.Fatalf("waiting for %v: %q, %v", wait, buf[:n], err)
		}
	}
	peer.Close()
	if err := s.send([]byte("anybody?"), 8); err != nil {
		t.Fatal(err)
	}
	if _, err := s.recv(buf, time.Minute); !errors.Is(err, ErrGone) {
		t.Errorf("from a closed port: %v", err)
	}
	time.AfterFunc(time.Millisecond, stop)
	for range 2 {
		if _, err := s.recv(buf, time.Hour); !errors.Is(err, ErrStopped) {
			t.Errorf("interrupted: %v", err)
		}
	}
}

func addrPortOf(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
