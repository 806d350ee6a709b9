package nbd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/block/share"
)

// covered is a listener whose connections don't tell what they are, as those of
// TLS don't.
type covered struct{ net.Listener }

func (c covered) Accept() (net.Conn, error) {
	nc, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{nc}, nil
}

// listenTCP serves on a port of the loopback network.
func listenTCP(t *testing.T, s *Server, cover bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if cover {
		l = covered{l}
	}
	serveOn(t, s, l)
	return addr
}

// from connects from an address of the loopback network.
func from(t *testing.T, local, addr string) raw {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}}
	nc, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return raw{t, nc}
}

// client is a good client from an address.
func (r raw) client() *Client {
	r.Helper()
	c, err := NewClient(r.Context(), r.nc, Options{})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close() })
	return c
}

// announce begins a write of n bytes and sends less.
func (r raw) announce(n, less int) {
	w := request{command: cmdWrite, cookie: 1, length: uint64(n)}
	r.send(append(w.append(into(simple), simple), make([]byte, n-less)...))
}

// TestOwedData: who doesn't send what a write has announced, or a byte now and
// then, loses the connection, and what was kept for it is free again.
func TestOwedData(t *testing.T) {
	const size = 512 << 10
	for name, cover := range map[string]bool{"socket": false, "covered": true} {
		t.Run(name, func(t *testing.T) {
			addr := listenTCP(t, &Server{Exports: Fixed{{Device: newMemory(8 << 20)}},
				Bounds: Bounds{MaxPayload: size, Memory: 1 << 20, TotalMemory: 2 << 20, ReadTimeout: time.Second}}, cover)
			var all []raw
			for range 5 {
				r := from(t, "127.0.0.1", addr)
				r.announce(size, 1)
				all = append(all, r)
			}
			slow := from(t, "127.0.0.1", addr)
			slow.announce(size, size-1)
			go func() {
				for range size {
					if _, err := slow.nc.Write([]byte{1}); err != nil {
						return
					}
					time.Sleep(5 * time.Millisecond)
				}
			}()
			for _, r := range append(all, slow) {
				r.closed()
			}
			if err := from(t, "127.0.0.1", addr).client().Write(t.Context(), make([]byte, size), 0, 0); err != nil {
				t.Error(err)
			}
		})
	}
}

// inUse is the heap in use, in bytes.
func inUse() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse)
}

// TestGreedyPeer: clients of one address that send all of their writes but the
// last byte, and take no reply to their reads, don't get more memory than there
// is, and those of another address are served meanwhile.
func TestGreedyPeer(t *testing.T) {
	const size, greedy = 512 << 10, 64
	read := request{command: cmdRead, length: size}
	for name, ask := range map[string]func(raw){
		"writes": func(r raw) { r.announce(size, 1) },
		"reads": func(r raw) {
			r.send(into(simple))
			for range 20 {
				r.send(read.append(nil, simple))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			opened := make(chan *Session, greedy+2)
			addr := listenTCP(t, &Server{Exports: Fixed{{Device: newMemory(8 << 20)}},
				Hooks: Hooks{Open: func(s *Session) { opened <- s }}, Bounds: Bounds{MaxPayload: size, Memory: 1 << 20,
					TotalMemory: 8 << 20, ReadTimeout: time.Hour, WriteTimeout: time.Hour, Grace: time.Millisecond}}, false)
			before := inUse()
			for range greedy {
				r := from(t, "127.0.0.1", addr)
				ask(r)
				<-opened
			}
			honest := from(t, "127.0.0.2", addr).client()
			exercise(t, honest)
			time.Sleep(100 * time.Millisecond) // for the others to get as far as they can
			const other = 128 << 10            // what a connection takes otherwise
			if more := inUse() - before; more > 12<<20+greedy*other {
				t.Errorf("the server holds %d MiB for %d clients, though it has 8", more>>20, greedy)
			}
			exercise(t, honest)
		})
	}
}

// TestNoMemory: a command that finds no memory for too long fails, and the
// connection goes on: small ones need none of others, and large ones succeed when
// there is some again.
func TestNoMemory(t *testing.T) {
	const size = 512 << 10
	dev := newMemory(8 << 20)
	if err := dev.Write(t.Context(), make([]byte, size), 0, 0); err != nil { // so that a read isn't of a hole
		t.Fatal(err)
	}
	addr := listenTCP(t, &Server{Exports: Fixed{{Device: dev}}, Bounds: Bounds{MaxPayload: size, Memory: 1 << 20,
		TotalMemory: 2 << 20, ReadTimeout: time.Hour, WriteTimeout: 300 * time.Millisecond, Grace: time.Millisecond}}, false)
	honest := from(t, "127.0.0.9", addr).client()
	var greedy []raw
	for _, local := range []string{"127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"} {
		r := from(t, local, addr)
		r.announce(size, 1)
		greedy = append(greedy, r)
	}
	var told *RemoteError
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := honest.Write(t.Context(), make([]byte, size), 0, 0)
		if errors.As(err, &told) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a write of %d bytes beside those who have the memory: %v", size, err)
		}
	}
	err := honest.Read(t.Context(), make([]byte, size), 0)
	if told.Number != uint32(errNoMemory) || !errors.As(err, &told) || told.Number != uint32(errNoMemory) {
		t.Errorf("the client is told %v, and of a read %v", told, err)
	}
	if err := honest.Write(t.Context(), make([]byte, 4096), 0, 0); err != nil {
		t.Errorf("a small write: %v", err)
	}
	for _, r := range greedy {
		r.nc.Close()
	}
	for deadline := time.Now().Add(20 * time.Second); honest.Read(t.Context(), make([]byte, size), 0) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("there is no memory again")
		}
	}
}

// narrow is a listener whose connections have little room for what is sent.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	nc, err := n.Listener.Accept()
	if err == nil {
		err = nc.(*net.TCPConn).SetWriteBuffer(128 << 10)
	}
	return nc, err
}

// TestTrickledReplies: who takes replies, but too slowly, loses the connection.
func TestTrickledReplies(t *testing.T) {
	for name, cover := range map[string]func(net.Listener) net.Listener{
		"socket":  func(l net.Listener) net.Listener { return narrow{l} },
		"covered": func(l net.Listener) net.Listener { return covered{narrow{l}} },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			serveOn(t, &Server{Exports: Fixed{{Device: newMemory(8 << 20)}}, Bounds: Bounds{WriteTimeout: 500 * time.Millisecond}}, cover(l))
			r := from(t, "127.0.0.1", l.Addr().String())
			if err := r.nc.(*net.TCPConn).SetReadBuffer(128 << 10); err != nil {
				t.Fatal(err)
			}
			read := request{command: cmdRead, length: 8 << 20}
			r.send(read.append(into(simple), simple))
			b := make([]byte, 32<<10)
			for range 200 { // 6 of 8 MiB, in 8 s
				if _, err := io.ReadFull(r.nc, b); err != nil {
					return
				}
				time.Sleep(40 * time.Millisecond)
			}
			t.Error("the server holds on to the connection")
		})
	}
}

// anyPlace is a place for everybody.
func anyPlace() (*share.Place, error) {
	return (&share.Places{Total: 1, PerPeer: 1}).Enter(netip.Addr{}, nil)
}

// TestPeerPlaces: the clients of one address don't take all places, and are told.
func TestPeerPlaces(t *testing.T) {
	refused := make(chan error, 1)
	addr := listenTCP(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}, Bounds: Bounds{Connections: 8},
		Hooks: Hooks{Refused: func(_ *Peer, err error) { refused <- err }}}, false)
	for range 4 {
		from(t, "127.0.0.1", addr).client()
	}
	if _, err := NewClient(t.Context(), from(t, "127.0.0.1", addr).nc, Options{}); err == nil || !strings.Contains(err.Error(), "this address has 4 places") {
		t.Errorf("one address has more than half of the places: %v", err)
	}
	if err := <-refused; !strings.Contains(err.Error(), "too many connections") {
		t.Error(err)
	}
	exercise(t, from(t, "127.0.0.2", addr).client())
}

// TestSealedOff: addresses that take all places leave room for one that has fewer, also
// where they wait in the handshake, and don't drive it out.
func TestSealedOff(t *testing.T) {
	for name, show := range map[string]func(raw){"silent": func(raw) {}, "chosen": func(r raw) { r.client() }} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 80)
			addr := listenTCP(t, &Server{Exports: Fixed{{Device: newMemory(1 << 20)}}, Bounds: Bounds{Connections: 60},
				Hooks: Hooks{Close: func(_ *Session, err error) { ended <- err }}}, false)
			for i := range 60 {
				show(from(t, fmt.Sprintf("127.0.0.%d", 2+i%30), addr))
			}
			honest := from(t, "127.0.0.200", addr).client()
			if name == "chosen" {
				if err := <-ended; !errors.Is(err, errGaveWay) {
					t.Errorf("one ends: %v", err)
				}
			}
			for i := range 30 {
				_, _ = NewClient(t.Context(), from(t, fmt.Sprintf("127.0.0.%d", 2+i), addr).nc, Options{})
			}
			exercise(t, honest)
		})
	}
}
