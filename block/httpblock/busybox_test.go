package httpblock_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/block/httpblock"
)

// TestBusybox reads from busybox's httpd, which has ranges and strong ETags,
// ignores conditions, and closes each connection.
func TestBusybox(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	dir, image := t.TempDir(), content(400001)
	name := filepath.Join(dir, "disk.img")
	must(t, os.WriteFile(name, image, 0o600))
	server := exec.Command("busybox", "httpd", "-f", "-p", address, "-h", dir)
	if err := server.Start(); err != nil {
		t.Fatalf("install busybox-static: %v", err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	waitFor(t, address)
	d, err := httpblock.Open(t.Context(), fmt.Sprintf("http://%s/disk.img", address), httpblock.Options{Chunk: 16 << 10, Cache: 32 << 10})
	must(t, err)
	defer func() { _ = d.Close() }()
	got := make([]byte, len(image))
	must(t, d.Read(t.Context(), got, 0))
	if !bytes.Equal(got, image) {
		t.Error("other bytes came")
	}
	must(t, os.Chtimes(name, time.Now(), time.Now().Add(-time.Hour)))
	if err := d.Read(t.Context(), got[:100], 0); !errors.Is(err, httpblock.ErrChanged) {
		t.Errorf("read of a changed file: %v", err)
	}
}

func waitFor(t *testing.T, address string) {
	t.Helper()
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nobody listens on %s", address)
}
