package disk_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/disk"
)

// TestHTTPPlaces: one address doesn't take all connections of the HTTP server.
func TestHTTPPlaces(t *testing.T) {
	image := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(image, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := serveHTTP(t, image)
	const places = 1024 // of which one address has half
	for i := range places/2 + 1 {
		nc := dialFrom(t, "127.0.0.1", addr)
		if i < places/2 {
			continue
		}
		nc.SetReadDeadline(time.Now().Add(5 * time.Second)) // it would be closed after 10, for no request came
		if _, err := nc.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("connection %d of one address stays: %v", i+1, err)
		}
	}
	nc := dialFrom(t, "127.0.0.2", addr)
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(nc, "HEAD /disk.img HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("another address: %v, %v", answer, err)
	}
	answer.Body.Close()
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

// serveHTTP serves an image and returns the address.
func serveHTTP(t *testing.T, image string) string {
	t.Helper()
	ready, out := io.Pipe()
	config := disk.Config{Files: []string{image}, Over: disk.HTTP, Listen: "127.0.0.1:0", Options: disk.Options{ReadOnly: true}, Out: out}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- disk.Serve(ctx, config) }()
	lines := bufio.NewReader(ready)
	line, err := lines.ReadString('\n')
	_, at, ok := strings.Cut(line, "http://")
	if err != nil || !ok {
		t.Fatalf("%v: %s", err, line)
	}
	var rest sync.WaitGroup
	rest.Go(func() { _, _ = io.Copy(io.Discard, lines) })
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		out.Close()
		rest.Wait()
	})
	addr, _, _ := strings.Cut(at, "/")
	return addr
}
