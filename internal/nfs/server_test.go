package nfs

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

// dial connects, for as long as the test runs.
func dial(t *testing.T, addr *net.TCPAddr) net.Conn {
	t.Helper()
	nc, err := net.DialTCP("tcp", nil, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

// send sends a record, in fragments of a size.
func send(t *testing.T, nc net.Conn, record []byte, size int) {
	t.Helper()
	var b []byte
	for len(record) > 0 {
		n := min(size, len(record))
		mark := uint32(n)
		if n == len(record) {
			mark |= lastFragment
		}
		b = append(binary.BigEndian.AppendUint32(b, mark), record[:n]...)
		record = record[n:]
	}
	if _, err := nc.Write(b); err != nil {
		t.Fatal(err)
	}
}

// receive is the next reply.
func receive(nc net.Conn) (decoder, error) {
	_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	var mark [4]byte
	if _, err := io.ReadFull(nc, mark[:]); err != nil {
		return decoder{}, err
	}
	b := make([]byte, binary.BigEndian.Uint32(mark[:])&^lastFragment)
	_, err := io.ReadFull(nc, b)
	return decoder{b: b}, err
}

// closed waits for the end of a connection without a reply.
func closed(t *testing.T, nc net.Conn) {
	t.Helper()
	_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := nc.Read(make([]byte, 1))
	var late net.Error
	if n != 0 || errors.As(err, &late) && late.Timeout() {
		t.Errorf("the connection is open: %v", err)
	}
}

func mountRoot(t *testing.T, nc net.Conn) string {
	t.Helper()
	send(t, nc, record(programMount, versionMount, 1, testPath), 20)
	d, err := receive(nc)
	if err != nil {
		t.Fatal(err)
	}
	d.take(24 + 4)
	return string(d.opaque(mostHandle))
}

func TestPipelined(t *testing.T) {
	addr, _ := start(t, serverOf(t, small()))
	nc := dial(t, addr)
	root := mountRoot(t, nc)
	for range 100 {
		send(t, nc, record(programNFS, versionNFS, 1, root), 1000)
	}
	for range 100 {
		if d, err := receive(nc); err != nil || len(d.b) != 24+4+fileAttributes {
			t.Fatalf("%d bytes, %v", len(d.b), err)
		}
	}
}

// TestBreaches sends what no client sends.
func TestBreaches(t *testing.T) {
	addr, _ := start(t, serverOf(t, small()))
	for name, b := range map[string][]byte{
		"a long call":    {0xff, 0xff, 0xff, 0xff},
		"no call":        {0x80, 0, 0, 4, 1, 2, 3, 4},
		"many fragments": make([]byte, 4*mostFragments),
	} {
		nc := dial(t, addr)
		if _, err := nc.Write(b); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { closed(t, nc) })
	}
}

// TestStrangers has silent connections end: when they have been there for too long, and
// earlier where there are too many. Who knows a path stays.
func TestStrangers(t *testing.T) {
	s := serverOf(t, small())
	s.Bounds = Bounds{Strangers: 3, StrangerTimeout: time.Second}
	addr, _ := start(t, s)
	friend := dial(t, addr)
	root := mountRoot(t, friend)
	begun := time.Now()
	var silent []net.Conn
	for range 4 {
		silent = append(silent, dial(t, addr))
	}
	closed(t, silent[0])
	if took := time.Since(begun); took > 900*time.Millisecond {
		t.Errorf("the first one was there for %v", took)
	}
	for _, nc := range silent[1:] {
		closed(t, nc)
	}
	send(t, friend, record(programNFS, versionNFS, 1, root), 1000)
	if _, err := receive(friend); err != nil {
		t.Errorf("who has mounted: %v", err)
	}
}

// TestCrowd has a peer make more connections than it may.
func TestCrowd(t *testing.T) {
	s := serverOf(t, small())
	var refused atomic.Int32
	s.Hooks.Refused = func(netip.AddrPort, string, error) { refused.Add(1) }
	s.Bounds = Bounds{Connections: 4}
	addr, _ := start(t, s)
	root := mountRoot(t, dial(t, addr))
	addr, _ = start(t, s) // by whichever listener they come
	mountRoot(t, dial(t, addr))
	for _, call := range [][]byte{record(programMount, versionMount, 1, testPath), record(programNFS, versionNFS, 1, root)} {
		nc := dial(t, addr)
		send(t, nc, call, 1000)
		closed(t, nc)
	}
	if refused.Load() != 2 {
		t.Errorf("%d were refused", refused.Load())
	}
}

// TestSealedOff has many addresses take all places: with nothing to show they take none, and
// what they show leaves room for who has fewer.
func TestSealedOff(t *testing.T) {
	for name, show := range map[string]func(net.Conn){
		"silent":  func(net.Conn) {},
		"mounted": func(nc net.Conn) { mountRoot(t, nc) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serverOf(t, small())
			s.Bounds = Bounds{Connections: 60}
			addr, _ := start(t, s)
			for i := range 60 {
				show(dialFrom(t, byte(2+i%30), addr))
			}
			honest := dialFrom(t, 200, addr)
			root := mountRoot(t, honest)
			for i := range 30 {
				nc := dialFrom(t, byte(2+i), addr)
				send(t, nc, record(programMount, versionMount, 1, testPath), 1000)
				if _, err := receive(nc); name == "mounted" && i > 1 && err == nil {
					t.Error("there are more connections than places")
				}
			}
			send(t, honest, record(programNFS, versionNFS, 1, root), 1000)
			if _, err := receive(honest); err != nil {
				t.Errorf("who had mounted: %v", err)
			}
		})
	}
}

// dialFrom connects from an address of the loopback network.
func dialFrom(t *testing.T, last byte, addr *net.TCPAddr) net.Conn {
	t.Helper()
	nc, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

// TestTimes has clients take too long for a call, and for the next one.
func TestTimes(t *testing.T) {
	s := serverOf(t, small())
	s.Bounds = Bounds{CallTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond}
	addr, _ := start(t, s)
	idle, slow := dial(t, addr), dial(t, addr)
	mountRoot(t, idle)
	closed(t, idle)
	if _, err := slow.Write([]byte{0x80, 0, 0, 100, 1}); err != nil {
		t.Fatal(err)
	}
	closed(t, slow)
}

// TestUnread has a client ask for much and take none of it: it holds no more than its share,
// and is gone after a while, while another one reads.
func TestUnread(t *testing.T) {
	s := serverOf(t, fstest.MapFS{"f": {Data: make([]byte, 8<<20), Mode: 0o444}})
	s.Bounds = Bounds{ReplyTimeout: time.Second}
	addr, _ := start(t, s)
	greedy, other := dial(t, addr), dial(t, addr)
	root := mountRoot(t, greedy)
	send(t, greedy, record(programNFS, versionNFS, 3, root, "f"), 1000)
	d, err := receive(greedy)
	if err != nil {
		t.Fatal(err)
	}
	d.take(24 + 4)
	file := string(d.opaque(mostHandle))
	for range 64 {
		send(t, greedy, record(programNFS, versionNFS, 6, file, uint64(0), mostRead), 1000)
	}
	time.Sleep(200 * time.Millisecond)
	send(t, other, record(programNFS, versionNFS, 6, file, uint64(0), mostRead), 1000)
	if d, err := receive(other); err != nil || len(d.b) < mostRead {
		t.Errorf("the other one: %d bytes, %v", len(d.b), err)
	}
	time.Sleep(1500 * time.Millisecond)
	got, err := io.Copy(io.Discard, greedy)
	if got >= 64*mostRead {
		t.Errorf("all %d bytes came in the end, %v", got, err)
	}
}

// TestEnd ends the server while clients are connected.
func TestEnd(t *testing.T) {
	addr, end := start(t, serverOf(t, small()))
	nc := dial(t, addr)
	mountRoot(t, nc)
	end()
	closed(t, nc)
}

// panicking is a file system with a bug.
type panicking struct{ fstest.MapFS }

func (panicking) ReadDir(string) ([]fs.DirEntry, error) { panic("a bug") }

func (p panicking) Open(string) (fs.File, error) { panic("a bug") }

func TestPanic(t *testing.T) {
	s := serverOf(t, panicking{small()})
	told := make(chan any, 1)
	s.Hooks.Panicked = func(_ netip.AddrPort, value any, _ []byte) { told <- value }
	addr, _ := start(t, s)
	nc := dial(t, addr)
	root := mountRoot(t, nc)
	send(t, nc, record(programNFS, versionNFS, 3, root, "run"), 1000)
	closed(t, nc)
	if value := <-told; value != "a bug" {
		t.Errorf("told: %v", value)
	}
	nc = dial(t, addr)
	send(t, nc, record(programNFS, versionNFS, 1, root), 1000)
	if _, err := receive(nc); err != nil {
		t.Errorf("the next one: %v", err)
	}
}
