package tftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestClaim(t *testing.T) {
	var c claim
	if c.take() || c.notice() {
		t.Fatal("what is held was claimed")
	}
	if c.release() {
		t.Fatal("something came, and release did not tell")
	}
	if !c.release() || !c.notice() {
		t.Fatal("what is free could not be claimed")
	}
	for range 2 {
		if c.notice() {
			t.Fatal("what is held was claimed")
		}
	}
	if c.release() {
		t.Fatal("something came, and release did not tell")
	}
	if !c.release() || !c.take() {
		t.Fatal("two events while it was held were told twice")
	}
}

// polledPair returns a socket that is left to the poller, and its peer.
func polledPair(t *testing.T) (*socket, *net.UDPConn, netip.AddrPort) {
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	poller := newPoller(3)
	s, err := dial(addrPortOf("127.0.0.1:0"), peer.LocalAddr().(*net.UDPAddr).AddrPort(), &crowd{}, poller)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
		poller.close()
		peer.Close()
	})
	if err := s.send([]byte("hello"), 5); err != nil {
		t.Fatal(err)
	}
	_, back, err := peer.ReadFromUDPAddrPort(make([]byte, 9))
	if err != nil {
		t.Fatal(err)
	}
	return s, peer, back
}

// What can be dealt with on the spot is, or comes to the transfer, when a
// worker has been with it for long; the rest does, and all in order.
func TestAttended(t *testing.T) {
	s, peer, back := polledPair(t)
	echo := func(p []byte) {
		if _, err := s.offer(p, 100); err != nil {
			t.Error(err)
		}
	}
	onTheSpot := 0
	s.attended(func(p []byte) outcome {
		switch {
		case string(p) == "go on":
			return moved
		case p[0] == '!':
			return unable
		}
		echo(p)
		onTheSpot++
		return dealt
	})
	say := func(words ...string) {
		for _, word := range words {
			if _, err := peer.WriteToUDPAddrPort([]byte(word), back); err != nil {
				t.Error(err)
			}
		}
	}
	go func() {
		for i := range 1000 { // in lockstep
			say(fmt.Sprint(i))
			got := make([]byte, 100)
			n, err := peer.Read(got)
			if err != nil || string(got[:n]) != fmt.Sprint(i) {
				t.Errorf("%d was answered with %q, %v", i, got[:n], err)
				break
			}
		}
		say("!a", "!b", "go on", "!c")
	}()
	buf := make([]byte, 100)
	for wanted := []string{"!a", "!b", "go on", "!c"}; len(wanted) > 0; {
		n, err := s.recv(buf, time.Minute)
		switch got := string(buf[:n]); {
		case errors.Is(err, errMoved) && wanted[0] == "go on", err == nil && got == wanted[0]:
			wanted = wanted[1:]
		case err == nil && got[0] != '!':
			echo(buf[:n])
		default:
			t.Fatalf("got %q, %v; want %q", got, err, wanted)
		}
	}
	if onTheSpot < 100 {
		t.Errorf("only %d of 1000 were dealt with on the spot", onTheSpot)
	}
	if _, err := s.recv(buf, hotWait); !errors.Is(err, errAgain) {
		t.Errorf("in silence: %v", err)
	}
	peer.Close()
	if err := s.send([]byte("anybody?"), 8); err != nil {
		t.Fatal(err)
	}
	if _, err := s.recv(buf, time.Minute); !errors.Is(err, ErrGone) {
		t.Errorf("from a closed port: %v", err)
	}
	time.AfterFunc(time.Millisecond, s.interrupt)
	if _, err := s.recv(buf, time.Minute); !errors.Is(err, ErrStopped) {
		t.Errorf("interrupted: %v", err)
	}
}

// Packets that are dealt with on the spot put off the end of the wait.
func TestSilenceCountsFromTheLastPacket(t *testing.T) {
	s, peer, back := polledPair(t)
	heard := make(chan time.Time, 20)
	s.attended(func([]byte) outcome {
		heard <- time.Now()
		return dealt
	})
	const wait = 200 * time.Millisecond
	go func() {
		for range cap(heard) {
			_, _ = peer.WriteToUDPAddrPort([]byte("."), back)
			time.Sleep(wait / 10)
		}
	}()
	for {
		_, err := s.recv(make([]byte, 9), wait)
		if errors.Is(err, errAgain) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		heard <- time.Now() // this one came before the wait
	}
	last := time.Time{}
	for len(heard) > 0 {
		last = <-heard
	}
	if silent := time.Since(last); silent < wait/2 { // half, because a worker that was held up heard of it late
		t.Errorf("gave up %v after the last packet", silent)
	}
}

// A narrow link has room for so many packets at a time.
type narrow struct {
	link
	room int
	sent []byte // block numbers
	err  error
	deal func([]byte) outcome
}

func (n *narrow) attended(by func([]byte) outcome) { n.deal = by }

func (n *narrow) offer(p []byte, stride int) (taken int, err error) {
	for taken < len(p) {
		if n.room == 0 {
			if n.err != nil {
				return taken, n.err
			}
			return taken, errFull
		}
		n.room--
		n.sent = append(n.sent, p[taken+3])
		taken = min(taken+stride, len(p))
	}
	return taken, nil
}

func (n *narrow) send(p []byte, stride int) error {
	n.room = 1 << 30
	_, err := n.offer(p, stride)
	return err
}

func (*narrow) recv([]byte, time.Duration) (int, error) { return 0, ErrStopped }

// A coldFile is one that has to be waited for.
type coldFile struct{ *bytes.Reader }

func TestPrompt(t *testing.T) {
	content := make([]byte, 200*512)
	start := func(f io.Reader, progress func(int64)) (*sender, *narrow) {
		link := &narrow{}
		agreed := terms{blockSize: 512, windowSize: 4, size: int64(len(content))}
		s := newSender(link, newBlocks(f, Octet, int64(len(content)), 512, 4, newShelf()), agreed, newTimer(0, 0, 0))
		s.progress = newProgress(progress)
		if reason, err := s.run(); reason != Stopped || link.deal == nil {
			t.Fatal(reason, err)
		}
		return s, link
	}
	ack := func(n byte) []byte { return []byte{0, opAck, 0, n} }
	warm := memory{bytes.NewReader(content)}

	s, link := start(warm, nil)
	for _, c := range []struct {
		what   string
		packet []byte
		room   int
		want   outcome
		sent   []byte
	}{
		{"the whole window", ack(4), 99, dealt, []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{"that again", ack(4), 99, unable, nil},
		{"a part of it", ack(6), 99, unable, nil},
		{"nothing that was sent", ack(9), 99, unable, nil},
		{"an ERROR", []byte{0, opError, 0, 0, 0}, 99, unable, nil},
		{"nonsense", []byte{7}, 99, unable, nil},
		{"with room for less", ack(8), 2, moved, []byte{9, 10}},
	} {
		if c.sent == nil {
			c.sent = link.sent
		} else if c.what != "the whole window" {
			c.sent = append(bytes.Clone(link.sent), c.sent...)
		}
		link.room = c.room
		if got := link.deal(c.packet); got != c.want || !bytes.Equal(link.sent, c.sent) {
			t.Fatalf("%s: %v, %v were sent; want %v, %v", c.what, got, link.sent, c.want, c.sent)
		}
	}
	if _, err := s.flush(); err != nil || link.sent[len(link.sent)-1] != 12 {
		t.Fatalf("the rest: %v, %v", link.sent, err)
	}
	link.room, link.err = 0, ErrGone
	if got := link.deal(ack(12)); got != moved {
		t.Fatal("a closed port:", got)
	}
	if reason, err := s.flush(); reason != Gone || !errors.Is(err, ErrGone) {
		t.Errorf("after a closed port: %v, %v", reason, err)
	}

	s, link = start(warm, nil)
	link.room = 1 << 10
	for n := byte(4); n < 200; n += 4 {
		if got := link.deal(ack(n)); got != dealt {
			t.Fatalf("block %d: %v", n, got)
		}
	}
	if got := link.deal(ack(201)); got != unable || s.window.last != 201 {
		t.Errorf("the final block: %v; it is %d", got, s.window.last)
	}

	_, link = start(warm, func(int64) { t.Error("a hook was called on the spot") })
	link.room = 1 << 10
	for link.deal(ack(link.sent[len(link.sent)-1])) == dealt {
	}

	_, link = start(coldFile{bytes.NewReader(content)}, nil)
	link.room = 1 << 10
	for n := byte(4); link.deal(ack(n)) == dealt; n += 4 {
	}
	if last := link.sent[len(link.sent)-1]; last != 124 { // as much as the transfer itself read in one go
		t.Errorf("%d blocks were in memory", last)
	}
}

// Files that take their time hold up nobody else, however many they are.
func TestSlowFilesHoldUpNoOther(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	path := filepath.Join(t.TempDir(), "quick")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	server := &Server{Read: func(_ context.Context, r *Request) (File, error) {
		if r.Filename == "slow" {
			return &gated{Reader: bytes.NewReader(content), gate: release}, nil
		}
		return os.Open(path)
	}}
	address := serveHere(t, server)
	fetch := func(name string, client *Client) {
		var got bytes.Buffer
		if _, err := client.Get(t.Context(), address, name, &got); err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("%s: %d bytes, %v", name, got.Len(), err)
		}
	}
	var slow, quick sync.WaitGroup
	for range maxWorkers + 2 {
		slow.Go(func() { fetch("slow", &Client{Timeout: time.Minute}) })
	}
	for i := range max(8, 2*runtime.GOMAXPROCS(0)) { // more than may wait by a thread each
		quick.Go(func() { fetch("quick", &Client{BlockSize: 1024, WindowSize: 1 + 7*(i%2)}) })
	}
	quick.Wait()
	close(release)
	slow.Wait()
}

// A gated file gives its second half when the gate is open.
type gated struct {
	*bytes.Reader
	gate chan struct{}
}

func (*gated) Close() error { return nil }

func (g *gated) ReadAt(p []byte, off int64) (int, error) {
	if off >= g.Size()/2 {
		<-g.gate
	}
	return g.Reader.ReadAt(p, off)
}

// What isn't cached is read by who may wait for it.
func TestUncachedFile(t *testing.T) {
	const blocks = 64
	content := make([]byte, blocks*512)
	for i := range content {
		content[i] = byte(i / 512)
	}
	f := openFile(t, content)
	l := layout{size: int64(len(content)), blockSize: 512, stride: 512 + headerSize}
	r := newRun(f, l, 1, newShelf())
	if _, ok := r.from.(*fileScatter); !ok {
		t.Fatalf("a file is read by %T", r.from)
	}
	if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)); err != nil {
		t.Fatal(err)
	}
	for n := uint64(1); n <= blocks; n++ {
		if !r.ready(n) {
			if err := r.prefetch(n); err != nil {
				t.Fatal(err)
			}
		}
		p, through, err := r.packets(n-1, n, n)
		if err != nil || through != n || !reflect.DeepEqual(p[headerSize:], content[(n-1)*512:n*512]) {
			t.Fatalf("block %d: %d bytes, %v", n, len(p), err)
		}
	}
	if err := os.Truncate(f.Name(), 512); err != nil {
		t.Fatal(err)
	}
	r.piece.held = 0
	if r.ready(2) {
		t.Error("what was cut off is ready")
	}
	if err := r.prefetch(2); !errors.Is(err, ErrTruncated) {
		t.Errorf("what was cut off: %v", err)
	}
}
