package san

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
)

// TestOnlyItsPath: an only disk has a path as each of several has, and what asks
// for another is told which there is.
func TestOnlyItsPath(t *testing.T) {
	addr := serveHTTP(t, "my disk.img")
	for path, want := range map[string]int{
		"/my%20disk.img": http.StatusOK, "/": http.StatusNotFound, "/my%20disk.im": http.StatusNotFound,
		"/my%20disk.img/": http.StatusNotFound, "/x/my%20disk.img": http.StatusNotFound, "//my%20disk.img": http.StatusNotFound,
	} {
		answer, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		if want == http.StatusNotFound && !strings.Contains(string(body), "\n/my%20disk.img\n") {
			t.Errorf("%s: it doesn't say what there is: %q", path, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestHTTPPerAddress: connections of one address that ask for nothing keep out neither
// that address, of which the oldest gives way, nor others.
func TestHTTPPerAddress(t *testing.T) {
	addr := serveHTTP(t, "disk.img")
	const connections = 1024 // of which one address has half
	oldest := dialFrom(t, "127.0.0.1", addr)
	for range connections / 2 {
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
