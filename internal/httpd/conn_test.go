package httpd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// dial is a connection on which a test speaks HTTP by hand.
func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// spyListener hands out connections that tell what is copied to them.
type spyListener struct {
	net.Listener
	copied atomic.Int64 // bytes that were in the memory of the process
}

type spyConn struct {
	*net.TCPConn
	l *spyListener
}

func (l *spyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return spyConn{c.(*net.TCPConn), l}, nil
}

func (c spyConn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.l.copied.Add(int64(n))
	return n, err
}

func (c spyConn) ReadFrom(src io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(src)
	if _, file := fileOf(src); file == nil {
		c.l.copied.Add(n)
	}
	return n, err
}

// With hooks that count, all but the header and the 512 bytes that net/http
// sends with it must leave by sendfile.
func TestSendfileIsKept(t *testing.T) {
	tree, _, data := folder(t, 9<<20)
	rec := newRecorder()
	var spy *spyListener
	addr := serve(t, &Server{Handler: &Handler{Open: FS(tree), Hooks: rec.hooks()}}, func(ln net.Listener) net.Listener {
		spy = &spyListener{Listener: ln}
		return spy
	})
	for _, c := range []struct {
		name, header string
		want         []byte
	}{
		{"whole", "", data},
		{"range", "bytes=1000000-6999999", data[1000000:7000000]},
		{"rest", "bytes=8000000-", data[8000000:]},
	} {
		spy.copied.Store(0)
		var header []string
		if c.header != "" {
			header = []string{"Range", c.header}
		}
		_, body, err := get(t, client(t), "http://"+addr+"/disk.img", header...)
		if err != nil || !bytes.Equal(body, c.want) {
			t.Errorf("%s: %d bytes, %v", c.name, len(body), err)
		}
		e := rec.next(t)
		if got := spy.copied.Load(); got > 1024 {
			t.Errorf("%s: %d of %d bytes were copied", c.name, got, len(c.want))
		}
		if n := len(e.progress); n == 0 || n > len(c.want)/chunkLeast || e.progress[n-1] != e.s.Bytes || e.err != nil {
			t.Errorf("%s: progress %v, %+v, %v", c.name, e.progress, e.s, e.err)
		}
		if e.t.Local.String() != addr || !e.t.Remote.IsValid() || e.t.Range != c.header || e.t.Size != int64(len(data)) {
			t.Errorf("%s: %+v", c.name, e.t)
		}
	}
}

func TestStalledPeer(t *testing.T) {
	tree, _, _ := folder(t, 32<<20)
	rec := newRecorder()
	addr := serve(t, &Server{
		Handler: &Handler{Open: FS(tree), Hooks: rec.hooks()},
		Bounds:  Bounds{StallTimeout: 200 * time.Millisecond},
	}, nil)
	c := dial(t, addr)
	c.SetReadBuffer(32 << 10)
	fmt.Fprintf(c, "GET /disk.img HTTP/1.1\r\nHost: x\r\n\r\n")
	if e := rec.next(t); !errors.Is(e.err, ErrStalled) || e.s.Status != 200 {
		t.Errorf("%+v, %v", e.s, e.err)
	}
}

// A peer that is slow but reads gets all of it, over many stall times.
func TestSlowPeer(t *testing.T) {
	tree, _, data := folder(t, 6<<20)
	rec := newRecorder()
	addr := serve(t, &Server{
		Handler: &Handler{Open: FS(tree), Hooks: rec.hooks()},
		Bounds:  Bounds{StallTimeout: 1200 * time.Millisecond},
	}, nil)
	c := dial(t, addr)
	c.SetReadBuffer(32 << 10)
	fmt.Fprintf(c, "GET /disk.img HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for {
		n, err := io.CopyN(&got, resp.Body, 128<<10)
		if n < 128<<10 {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes, not those of the file", got.Len())
	}
	if e := rec.next(t); e.err != nil {
		t.Error(e.err)
	}
}

func TestPeerLeaves(t *testing.T) {
	tree, _, _ := folder(t, 32<<20)
	rec := newRecorder()
	addr := serve(t, &Server{Handler: &Handler{Open: FS(tree), Hooks: rec.hooks()}}, nil)
	c := dial(t, addr)
	fmt.Fprintf(c, "GET /disk.img HTTP/1.1\r\nHost: x\r\n\r\n")
	io.ReadFull(c, make([]byte, 1000))
	c.SetLinger(0)
	c.Close()
	if e := rec.next(t); !errors.Is(e.err, ErrPeerGone) {
		t.Errorf("%v", e.err)
	}
}

// A file that is cut short ends the transfers of it, and nothing else.
func TestTruncated(t *testing.T) {
	tree, path, data := folder(t, 64<<20)
	rec := newRecorder()
	addr := serve(t, &Server{Handler: &Handler{Open: FS(tree), Hooks: rec.hooks()}}, nil)
	c := dial(t, addr)
	c.SetReadBuffer(64 << 10)
	fmt.Fprintf(c, "GET /disk.img HTTP/1.1\r\nHost: x\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.ContentLength != 64<<20 {
		t.Fatal(err)
	}
	io.CopyN(io.Discard, resp.Body, 1<<20)
	if err := os.Truncate(path, 1<<20); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("%d bytes of a cut file came without an error", n)
	}
	if e := rec.next(t); !errors.Is(e.err, io.ErrUnexpectedEOF) || !strings.Contains(e.err.Error(), "disk.img") {
		t.Errorf("%v", e.err)
	}
	_, body, err := get(t, client(t), "http://"+addr+"/disk.img")
	if err != nil || !bytes.Equal(body, data[:1<<20]) {
		t.Errorf("afterwards: %d bytes, %v", len(body), err)
	}
}

// What can't leave by sendfile is copied, and nothing of it is lost.
func TestCopyInstead(t *testing.T) {
	content := bytes.Repeat([]byte("spur"), 10<<10)
	onDisk := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(onDisk, content, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(onDisk)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer w.Close()
		w.Write(content)
	}()
	near, far := net.Pipe()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer := dial(t, ln.Addr().String())
	tcp, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		src  *os.File
		to   net.Conn
		from io.Reader
	}{
		{"a connection that isn't a socket", file, near, far},
		{"a file that the kernel doesn't send", r, tcp, peer},
	} {
		sent := make(chan error, 1)
		go func() {
			to := &conn{Conn: c.to, stall: time.Minute, release: func() {}}
			n, err := to.ReadFrom(&io.LimitedReader{R: c.src, N: int64(len(content))})
			if err == nil && n != int64(len(content)) {
				err = fmt.Errorf("%d bytes", n)
			}
			to.Close()
			sent <- err
		}()
		got, err := io.ReadAll(c.from)
		if err := errors.Join(err, <-sent); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v", c.what, len(got), err)
		}
	}
}
