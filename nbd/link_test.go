//go:build linux

package nbd

import (
	"bytes"
	"crypto/rand"
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

// linked returns a link and its peer.
func linked(t *testing.T, timeout time.Duration) (*link, net.Conn) {
	t.Helper()
	nc, peer := unixPair(t)
	got, ok := newTransport(nc, []byte("early"), newCrowd(), timeout).(*link)
	if !ok {
		t.Fatal("no link for a Unix socket")
	}
	t.Cleanup(func() { peer.Close(); got.close() })
	return got, peer
}

// TestLinkWaits: a link whose peer talks all the time waits by a thread, and
// goes back to the poller when it doesn't; nothing is lost on the way.
func TestLinkWaits(t *testing.T) {
	l, peer := linked(t, time.Minute)
	if b := make([]byte, 5); l.must(t, b) != "early" {
		t.Errorf("first came %q", b)
	}
	pipeEnd, echo := make(chan byte), make([]byte, 1)
	go func() {
		for b := range pipeEnd {
			peer.Write([]byte{b})
		}
	}()
	defer close(pipeEnd)
	for i := range 2000 {
		if pipeEnd <- byte(i); l.must(t, echo) != string(byte(i)) {
			t.Fatalf("byte %d is %d", i, echo)
		}
		if i > 10 && l.hot {
			break
		}
	}
	if !l.hot || l.crowd.hot.Load() != 1 || l.cold != nil {
		t.Error("a busy link waits in the poller")
	}
	late := time.AfterFunc(3*hotWait, func() { peer.Write([]byte("x")) })
	defer late.Stop()
	if l.must(t, echo) != "x" || l.hot || l.crowd.hot.Load() != 0 {
		t.Error("an idle link holds a thread")
	}
	go l.stopReading()
	if _, err := l.Read(echo); err != io.EOF {
		t.Errorf("a stopped link reads: %v", err)
	}
}

func (l *link) must(t *testing.T, b []byte) string {
	t.Helper()
	n, err := l.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestLinkSends: more than a system call takes, and more than the socket does
// while the peer is slow; a peer that takes nothing is an error in time.
func TestLinkSends(t *testing.T) {
	l, peer := linked(t, time.Second)
	var all [][]byte
	var want []byte
	for i := range 3 * maxVector {
		b := bytes.Repeat([]byte{byte(i)}, 50000+i)
		all, want = append(all, b), append(want, b...)
	}
	sent := make(chan error)
	go func() { sent <- l.send(all) }()
	time.Sleep(2 * hotWait) // until it waits in the poller
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
