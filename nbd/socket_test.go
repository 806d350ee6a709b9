//go:build linux

package nbd

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	rawdisk "github.com/spurboot/spur/block/raw"
)

// unixPair returns the two ends of a connection.
func unixPair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "link"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return nc, peer
}

// pairOf returns a transport that blocks a thread, and its peer.
func pairOf(t *testing.T, timeout time.Duration) (*socket, net.Conn) {
	t.Helper()
	nc, peer := unixPair(t)
	got, ok := newTransport(nc, make(chan struct{}, 1), timeout).(*socket)
	if !ok {
		t.Fatal("a Unix socket doesn't block a thread")
	}
	t.Cleanup(func() { peer.Close(); got.close() })
	return got, peer
}

// TestSocketReads: a read waits for what comes, for no longer than it is expected,
// and ends when it is stopped.
func TestSocketReads(t *testing.T) {
	s, peer := pairOf(t, time.Minute)
	b := make([]byte, 8)
	go peer.Write([]byte("first"))
	if n, err := s.Read(b); err != nil || string(b[:n]) != "first" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	s.expect(time.Now().Add(20 * time.Millisecond))
	if _, err := s.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing came in time: %v", err)
	}
	s.expect(time.Now().Add(time.Minute))
	go peer.Write([]byte("second"))
	if n, err := s.Read(b); err != nil || string(b[:n]) != "second" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	s.expect(time.Time{})
	go s.stopReading()
	if _, err := s.Read(b); err != io.EOF {
		t.Errorf("a stopped socket reads: %v", err)
	}
}

// TestThreads: no more connections block a thread than may, and one that ends
// makes room.
func TestThreads(t *testing.T) {
	threads := make(chan struct{}, 1)
	connect := func() transport {
		nc, peer := unixPair(t)
		t.Cleanup(func() { peer.Close() })
		return newTransport(nc, threads, time.Minute)
	}
	first, second := connect(), connect()
	if _, ok := first.(*socket); !ok {
		t.Errorf("the first is a %T", first)
	}
	if _, ok := second.(*plain); !ok {
		t.Errorf("the second is a %T", second)
	}
	first.close()
	second.close()
	third := connect()
	if _, ok := third.(*socket); !ok {
		t.Errorf("the third is a %T", third)
	}
	third.close()
}

// TestSocketSends: more than a system call takes, and more than the socket does
// while the peer is slow; a peer that takes nothing is an error in time.
func TestSocketSends(t *testing.T) {
	l, peer := pairOf(t, time.Second)
	var all [][]byte
	var want []byte
	for i := range 3 * maxVector {
		b := bytes.Repeat([]byte{byte(i)}, 50000+i)
		all, want = append(all, b), append(want, b...)
	}
	sent := make(chan error)
	go func() { sent <- l.send(all) }()
	time.Sleep(50 * time.Millisecond) // until it waits for room
	got := make([]byte, len(want))
	if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v, or other bytes came", err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	for {
		if err := l.send([][]byte{make([]byte, 1<<20)}); err != nil {
			return
		}
	}
}

// TestSplicedReads: what goes from the page cache to the socket is what was
// written, at any offset and length, also with other replies between.
func TestSplicedReads(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	noise := make([]byte, 3<<20)
	rand.Read(noise)
	if err := os.WriteFile(name, noise, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := block.OpenFile(name, block.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := rawdisk.Open(t.Context(), f, rawdisk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	exports := Fixed{{Name: "all", Device: d}, {Name: "part", Device: section(t, d)}}
	sock := serve(t, &Server{Exports: exports})
	for _, o := range []Options{{}, {NoExtended: true}, {NoStructured: true}} {
		for _, o.Export = range []string{"all", "part"} {
			c := dial(t, sock, o)
			want := noise
			if o.Export == "part" {
				want = noise[1<<20:]
			}
			for _, off := range []int{0, 1, 4096, 12345, 700001} {
				for _, n := range []int{splicedRead, splicedRead + 1, 200000, pipeSize - 2*os.Getpagesize(), 1 << 20, 1<<20 + 200000} {
					got := make([]byte, n)
					if err := c.Read(t.Context(), got, int64(off)); err != nil || !bytes.Equal(got, want[off:off+n]) {
						t.Fatalf("%+v: %d bytes at %d: %v, or others", o, n, off, err)
					}
				}
			}
		}
	}
	c := dial(t, sock, Options{Export: "all"})
	exercise(t, c)
	// What the file doesn't have is an error of that command alone.
	if err := os.Truncate(name, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := c.Read(t.Context(), make([]byte, 128<<10), 2<<20); err == nil {
		t.Error("a read beyond the file's end succeeds")
	}
	if err := c.Read(t.Context(), make([]byte, 128<<10), 0); err != nil {
		t.Error(err)
	}
}

func section(t *testing.T, d block.Device) block.Device {
	t.Helper()
	s, err := block.Section(d, 1<<20, 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
