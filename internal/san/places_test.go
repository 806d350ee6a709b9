package san

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// TestHTTPPlaces: connections of one address that ask for nothing keep out neither
// that address, of which the oldest gives way, nor others.
func TestHTTPPlaces(t *testing.T) {
	addr := serveHTTP(t, "disk.img")
	const places = 1024 // of which one address has half
	oldest := dialFrom(t, "127.0.0.1", addr)
	for range places / 2 {
		dialFrom(t, "127.0.0.1", addr)
	}
	oldest.SetReadDeadline(time.Now().Add(5 * time.Second)) // it would be closed after 10, for no request came
	if _, err := oldest.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the oldest connection stays: %v", err)
	}
	for _, local := range []string{"127.0.0.1", "127.0.0.2"} {
		nc := dialFrom(t, local, addr)
		nc.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.WriteString(nc, "HEAD /disk.img HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", local, answer, err)
		}
		answer.Body.Close()
	}
}

func dialFrom(t *testing.T, local, addr string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}}
	nc, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

// serveHTTP serves a disk by a name and returns the address.
func serveHTTP(t *testing.T, name string) string {
	t.Helper()
	var exports Exports
	if err := exports.Add(opened(name, block.NewMemory(4096))); err != nil {
		t.Fatal(err)
	}
	return listen(t, func(ctx context.Context, l net.Listener, log *Log) error { return ServeHTTP(ctx, l, &exports, log) })
}

// opened is a volume that is open all the while.
func opened(name string, d block.Device) Volume {
	return Volume{Name: name, Open: func(context.Context) (Disk, error) { return Disk{Device: d, Release: func() {}}, nil }}
}

// listen runs a server until the test ends, and returns its address.
func listen(t *testing.T, serve func(context.Context, net.Listener, *Log) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, &Log{Out: io.Discard}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}
