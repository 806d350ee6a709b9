package httpd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

func TestSlowHeadersAreBounded(t *testing.T) {
	const bound = 40
	var open, most atomic.Int64
	h := &Handler{Open: FS(fstest.MapFS{"f": {Data: []byte("x")}})}
	srv := &Server{Handler: h, Bounds: Bounds{Conns: bound, PeerConns: bound, HeaderTimeout: 50 * time.Millisecond}}
	addr := serve(t, srv, func(ln net.Listener) net.Listener { return countListener{ln, &open, &most} })
	var wg sync.WaitGroup
	for range 1000 {
		c := dial(t, addr)
		c.Write([]byte("GET /f HT"))
		wg.Go(func() { io.Copy(io.Discard, c) }) // until the server gives up
	}
	resp, body, err := get(t, client(t), "http://"+addr+"/f")
	if err != nil || resp.StatusCode != 200 || string(body) != "x" {
		t.Errorf("one who asks properly meanwhile: %q, %v", body, err)
	}
	wg.Wait()
	if got := most.Load(); got > bound+1 { // one may wait for a place
		t.Errorf("%d connections at one time, the bound is %d", got, bound)
	}
}

// countListener counts what is open at one time.
type countListener struct {
	net.Listener
	open, most *atomic.Int64
}

type countConn struct {
	net.Conn
	open *atomic.Int64
}

func (l countListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if n := l.open.Add(1); n > l.most.Load() {
		l.most.Store(n)
	}
	return countConn{c, l.open}, nil
}

func (c countConn) Close() error {
	err := c.Conn.Close()
	if err == nil {
		c.open.Add(-1)
	}
	return err
}

// slowFile is a file that is read once it is let go.
type slowFile struct {
	fstest.MapFS
	begun chan struct{}
	letGo chan struct{}
}

func (s slowFile) Open(name string) (fs.File, error) {
	if name == "slow" {
		s.begun <- struct{}{}
		<-s.letGo
	}
	return s.MapFS.Open(name)
}

// dialFrom connects from an address of the loopback network.
func dialFrom(t *testing.T, from, addr string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// ask sends a request and returns the status, 0 where there is none.
func ask(c net.Conn, name string) int {
	fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", name)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

// A peer that has its share is told so; others are served.
func TestOnePeerCantHaveAll(t *testing.T) {
	refused := make(chan netip.AddrPort, 10)
	files := slowFile{fstest.MapFS{"slow": {}, "f": {}}, make(chan struct{}), make(chan struct{})}
	addr := serve(t, &Server{
		Handler: &Handler{Open: FS(files)},
		Bounds:  Bounds{Conns: 10, PeerConns: 2},
		Hooks:   ServerHooks{Refused: func(p netip.AddrPort) { refused <- p }},
	}, nil)
	var busy sync.WaitGroup
	for range 2 {
		c := dialFrom(t, "127.0.0.1", addr)
		busy.Go(func() {
			if status := ask(c, "slow"); status != http.StatusOK {
				t.Errorf("one that had its place was answered %d", status)
			}
		})
		<-files.begun
	}
	third := dialFrom(t, "127.0.0.1", addr)
	if status := ask(third, "f"); status != http.StatusServiceUnavailable {
		t.Errorf("the third connection was answered %d", status)
	}
	if p := <-refused; p.String() != third.LocalAddr().String() {
		t.Errorf("the hook names %s", p)
	}
	if status := ask(dialFrom(t, "127.0.0.2", addr), "f"); status != http.StatusOK {
		t.Errorf("another peer was answered %d", status)
	}
	close(files.letGo)
	busy.Wait()
}

// Connections without a request give way: to their own peer where it has its
// share, and to anybody where all places are taken.
func TestIdleGiveWay(t *testing.T) {
	// A connection has a request until the server is back from its last answer, for which a busy
	// computer may need long: another one is idle then.
	for tries := 3; ; tries-- {
		err := idleGiveWay(t)
		if err == nil {
			return
		}
		if t.Log(err); tries == 1 {
			t.Fatal("it was so three times")
		}
	}
}

// idleGiveWay says which connection of four idle ones should have been ended, or not.
func idleGiveWay(t *testing.T) error {
	t.Helper()
	addr := serve(t, &Server{Handler: &Handler{Open: FS(fstest.MapFS{"f": {}})}, Bounds: Bounds{Conns: 4, PeerConns: 2}}, nil)
	var idle []net.Conn
	for _, from := range []string{"127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"} {
		c := dialFrom(t, from, addr)
		if status := ask(c, "f"); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
		idle = append(idle, c)
	}
	for until := time.Now().Add(10 * time.Second); ; {
		status := ask(dialFrom(t, "127.0.0.1", addr), "f")
		if status == http.StatusOK {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("a peer with idle connections was answered %d", status)
		}
	}
	if status := ask(dialFrom(t, "127.0.0.3", addr), "f"); status != http.StatusOK {
		return fmt.Errorf("another peer was answered %d", status)
	}
	for i, want := range []bool{true, true, false, false} {
		_ = idle[i].SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := idle[i].Read(make([]byte, 1))
		if ended := !errors.Is(err, os.ErrDeadlineExceeded); ended != want {
			return fmt.Errorf("idle connection %d: %w", i, err)
		}
	}
	return nil
}

func TestMalformed(t *testing.T) {
	malformed := make(chan netip.AddrPort, 10)
	addr := serve(t, &Server{
		Handler: &Handler{Open: FS(fstest.MapFS{})},
		Bounds:  Bounds{HeaderTimeout: 100 * time.Millisecond},
		Hooks:   ServerHooks{Malformed: func(p netip.AddrPort) { malformed <- p }},
	}, nil)
	good := dial(t, addr)
	fmt.Fprintf(good, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	io.Copy(io.Discard, good)
	for _, c := range []struct{ send, want string }{
		{"\x16\x03\x01 is TLS\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n\r\n", "400"}, // without Host
		{"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", "431"},
		{"GET / HTTP/1.1\r\nHo", ""},
	} {
		conn := dial(t, addr)
		io.WriteString(conn, c.send)
		answer, _ := io.ReadAll(conn)
		if !strings.Contains(string(answer), c.want) {
			t.Errorf("%.20q was answered by %q", c.send, answer)
		}
		if p := <-malformed; p.String() != conn.LocalAddr().String() {
			t.Errorf("%.20q: the hook names %s", c.send, p)
		}
	}
}

// Requests as firmware writes them.
func TestRawPaths(t *testing.T) {
	addr := serve(t, &Server{Handler: &Handler{Open: FS(fstest.MapFS{"EFI/BOOT/BOOTX64.EFI": {Data: []byte("MZ")}})}}, nil)
	for _, path := range []string{
		"/EFI/BOOT/BOOTX64.EFI", "//EFI/BOOT//BOOTX64.EFI", `/EFI\BOOT\BOOTX64.EFI`, "/EFI%5CBOOT%5cBOOTX64.EFI",
		"/../../EFI/BOOT/BOOTX64.EFI", "http://x/EFI/BOOT/BOOTX64.EFI", `//EFI\BOOT/x/..\BOOTX64.EFI`,
	} {
		c := dial(t, addr)
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
		answer, _ := io.ReadAll(c)
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200")) || !bytes.HasSuffix(answer, []byte("MZ")) {
			t.Errorf("%s: %q", path, answer)
		}
	}
}

// A request with a body that never comes is answered, and its connection ends.
func TestUnwantedBody(t *testing.T) {
	addr := serve(t, &Server{Handler: &Handler{Open: FS(fstest.MapFS{"f": {Data: []byte("x")}})}}, nil)
	for method, want := range map[string]string{"GET": "200", "POST": "405"} {
		c := dial(t, addr)
		fmt.Fprintf(c, "%s /f HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", method)
		answer, err := io.ReadAll(c)
		if !strings.HasPrefix(string(answer), "HTTP/1.1 "+want) {
			t.Errorf("%s: %q, %v", method, answer, err)
		}
	}
}

func TestStop(t *testing.T) {
	tree, _, data := folder(t, 24<<20)
	for _, c := range []struct {
		name  string
		reads bool
		grace time.Duration
	}{
		{"a running transfer ends well", true, 20 * time.Second},
		{"one that can't is cut", false, 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := newRecorder()
			hooks := rec.hooks()
			begun := make(chan struct{})
			hooks.Start = func(*Transfer) { close(begun) }
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			var opened, closed atomic.Int64
			go func() {
				s := &Server{Handler: &Handler{Open: FS(tree), Hooks: hooks}, Bounds: Bounds{Grace: c.grace}}
				s.Hooks.Opened = func(ctx context.Context, _ net.Conn) context.Context { opened.Add(1); return ctx }
				s.Hooks.Closed = func(net.Conn) { closed.Add(1) }
				done <- s.Serve(ctx, ln)
			}()
			dial(t, ln.Addr().String()) // asks for nothing
			conn := dial(t, ln.Addr().String())
			conn.SetReadBuffer(32 << 10)
			fmt.Fprintf(conn, "GET /disk.img HTTP/1.1\r\nHost: x\r\n\r\n")
			<-begun
			stop()
			if c.reads {
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(body, data) {
					t.Errorf("%d bytes, %v", len(body), err)
				}
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if opened.Load() != 2 || closed.Load() != 2 {
				t.Errorf("told of %d connections, and of %d that are over", opened.Load(), closed.Load())
			}
			select {
			case e := <-rec.ends:
				if c.reads != (e.err == nil) {
					t.Errorf("%+v, %v", e.s, e.err)
				}
			default:
				t.Error("Serve returned before its handler")
			}
			if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
				t.Error("it still listens")
			}
		})
	}
}

// A connection that asked for nothing yet holds up no end, over TLS neither.
func TestStopsBesideUnusedConnections(t *testing.T) {
	for name, config := range map[string]*tls.Config{"HTTP": nil, "HTTPS": secured(newAuthority(t).issue(t, false, nil))} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done, opened := make(chan error), make(chan struct{}, 3)
		go func() {
			s := &Server{Handler: http.NotFoundHandler(), TLS: config, Bounds: Bounds{Grace: time.Minute}}
			s.Hooks.Opened = func(ctx context.Context, _ net.Conn) context.Context { opened <- struct{}{}; return ctx }
			done <- s.Serve(ctx, ln)
		}()
		for range 3 {
			dial(t, ln.Addr().String())
			<-opened
		}
		begin := time.Now()
		stop()
		if err := <-done; err != nil || time.Since(begin) > time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(begin))
		}
	}
}

func TestListenerFails(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	err = (&Server{Handler: http.NotFoundHandler()}).Serve(t.Context(), ln)
	if err == nil || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("%v", err)
	}
}

// A panic costs one connection, also one on the goroutine that net/http has
// read several ranges, and is reported with its stack.
func TestPanicIsReported(t *testing.T) {
	told := make(chan string, 100)
	rec := newRecorder()
	h := &Handler{Hooks: rec.hooks(), Open: func(_ context.Context, _ *http.Request, name string) (fs.File, error) {
		switch name {
		case "open":
			panic("at open")
		case "read":
			return &file{Reader: panicReader{}, size: 10000}, nil
		}
		return fstest.MapFS{"f": {Data: []byte("x")}}.Open("f")
	}}
	addr := serve(t, &Server{Handler: h, Hooks: ServerHooks{
		Panicked: func(_ *http.Request, value any, stack []byte) { told <- fmt.Sprint(value, string(stack)) },
	}}, nil)
	for _, c := range []struct{ path, bytes string }{{"open", ""}, {"read", ""}, {"read", "0-1,5-6"}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.bytes != "" {
			req.Header.Set("Range", "bytes="+c.bytes)
		}
		resp, err := client(t).Do(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%+v: answered", c)
		}
		if c.path == "read" {
			if e := rec.next(t); e.err == nil || !strings.Contains(e.err.Error(), "panicReader.Read") {
				t.Errorf("%+v ended with %v", c, e.err)
			}
		}
	}
	select {
	case s := <-told:
		if !strings.HasPrefix(s, "at open") || !strings.Contains(s, "TestPanicIsReported") {
			t.Errorf("told %q", s)
		}
	case <-time.After(time.Minute):
		t.Error("the panic was not reported")
	}
	if resp, body, err := get(t, client(t), "http://"+addr+"/f"); err != nil || resp.StatusCode != 200 || string(body) != "x" {
		t.Errorf("another one meanwhile: %q, %v", body, err)
	}
}

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("at read") }

func TestPanicIsLogged(t *testing.T) {
	lines := make(chan string, 100)
	addr := serve(t, &Server{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }),
		Hooks:   ServerHooks{Log: func(line string) { lines <- line }},
	}, nil)
	c := dial(t, addr)
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if answer, _ := io.ReadAll(c); len(answer) > 0 {
		t.Errorf("answered %q", answer)
	}
	if line := <-lines; !strings.Contains(line, "oops") || strings.HasSuffix(line, "\n") {
		t.Errorf("logged %q", line)
	}
}
