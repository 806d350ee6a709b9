package httpblock_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/httpblock"
)

// nginx serves a folder: at /, at /slow in pieces, and by redirects at /moved.
func nginx(t *testing.T, dir, address string) (stop func()) {
	t.Helper()
	home := t.TempDir()
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server {
		listen %[2]s;
		root %[3]s;
		location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
		location /plain/ { alias %[3]s/; max_ranges 0; }
		location /round/ { rewrite ^ /round/ redirect; }
	}
}`, home, address, dir)
	name := filepath.Join(home, "conf")
	must(t, os.WriteFile(name, []byte(config), 0o600))
	server := exec.Command("nginx", "-p", home, "-c", name)
	if err := server.Start(); err != nil {
		t.Fatalf("install nginx-light: %v", err)
	}
	stop = func() { _ = server.Process.Kill(); _ = server.Wait() }
	t.Cleanup(stop)
	waitFor(t, address)
	return stop
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// TestNginx reads from nginx, whose ETags are of the date and the length.
func TestNginx(t *testing.T) {
	dir, image, address := t.TempDir(), content(400001), freeAddress(t)
	must(t, os.Chmod(dir, 0o755))
	name := filepath.Join(dir, "disk.img")
	must(t, os.WriteFile(name, image, 0o644)) //nolint:gosec // nginx has a user of its own
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(name, old, old))
	stop := nginx(t, dir, address)
	for _, path := range []string{"", "moved/"} {
		t.Run("contract of /"+path, func(t *testing.T) {
			blocktest.Run(t, func(t *testing.T) block.Device {
				d, err := httpblock.Open(t.Context(), "http://"+address+"/"+path+"disk.img", httpblock.Options{Chunk: 16 << 10, Cache: 64 << 10})
				must(t, err)
				return d
			})
		})
	}
	for path, want := range map[string]error{"plain/disk.img": httpblock.ErrNoRanges, "nothing": block.ErrGone, "round/x": nil} {
		if _, err := httpblock.Open(t.Context(), "http://"+address+"/"+path, httpblock.Options{Tries: 1}); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	d, err := httpblock.Open(t.Context(), "http://"+address+"/disk.img", httpblock.Options{Chunk: 16 << 10, Cache: 32 << 10, Tries: 10})
	must(t, err)
	defer func() { _ = d.Close() }()
	got := make([]byte, 100000)
	must(t, d.Read(t.Context(), got, 0))
	stop()
	again := make(chan error, 1)
	go func() { again <- d.Read(t.Context(), got, 200000) }()
	nginx(t, dir, address)
	if err := <-again; err != nil || !bytes.Equal(got, image[200000:300000]) {
		t.Errorf("read while the server was started anew: %v", err)
	}
	must(t, os.Chtimes(name, old, old.Add(time.Second)))
	if err := d.Read(t.Context(), got[:100], 0); !errors.Is(err, httpblock.ErrChanged) {
		t.Errorf("read of a changed file: %v", err)
	}
}

// TestCurl has curl ask a Handler for what people and installers ask for.
func TestCurl(t *testing.T) {
	image := content(300000)
	server := serve(t, httpblock.Handler(memory(t, image), httpblock.HandlerOptions{ETag: `"7"`, Modified: lastYear}))
	dir := t.TempDir()
	curl := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("curl", append([]string{"-sS", "--max-time", "30"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("curl %q (package curl): %v", args, err)
		}
		return out
	}
	if got := curl(server.URL + "/any/path"); !bytes.Equal(got, image) {
		t.Errorf("%d other bytes", len(got))
	}
	if got := curl("-r", "100000-199999", server.URL); !bytes.Equal(got, image[100000:200000]) {
		t.Errorf("%d other bytes of a range", len(got))
	}
	head := string(curl("-I", server.URL))
	if !strings.Contains(head, "Content-Length: 300000") || !strings.Contains(head, "Accept-Ranges: bytes") {
		t.Errorf("HEAD: %s", head)
	}
	several := string(curl("-r", "0-9,299990-", server.URL))
	for _, want := range []string{"bytes 0-9/300000", "bytes 299990-299999/300000", string(image[:10]), string(image[299990:])} {
		if !strings.Contains(several, want) {
			t.Errorf("two ranges: %q is missing", want)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "part"), image[:123456], 0o600))
	curl("-C", "-", "-o", "part", server.URL)
	if got, err := os.ReadFile(filepath.Join(dir, "part")); err != nil || !bytes.Equal(got, image) {
		t.Errorf("a download that was gone on with: %d bytes, %v", len(got), err)
	}
	for _, test := range []struct{ header, status string }{
		{`If-None-Match: "7"`, "304"}, {`If-None-Match: "8"`, "200"}, {`If-Match: "8"`, "412"},
		{"If-Modified-Since: " + time.Now().UTC().Format(http.TimeFormat), "304"},
		{"Range: bytes=400000-", "416"}, {"Range: bytes=5-1", "416"},
	} {
		got := string(curl("-o", "/dev/null", "-w", "%{http_code}", "-H", test.header, server.URL))
		if got != test.status {
			t.Errorf("%s: %s, not %s", test.header, got, test.status)
		}
	}
}

// TestClientThatTakesNothing is let go, and others aren't held up meanwhile.
func TestClientThatTakesNothing(t *testing.T) {
	served := make(chan error, 2)
	d := memory(t, content(64<<10))
	big := block.NewMemory(1 << 30)
	h := httpblock.Handler(big, httpblock.HandlerOptions{
		WriteTimeout: 200 * time.Millisecond, Served: func(*http.Request, int64, error) { served <- nil },
	})
	server := serve(t, h)
	other := serve(t, httpblock.Handler(d, httpblock.HandlerOptions{WriteTimeout: time.Minute}))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	must(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	response, err := other.Client().Get(other.URL)
	must(t, err)
	must(t, response.Body.Close())
	select {
	case <-served:
	case <-time.After(30 * time.Second):
		t.Error("the server still waits for a client that takes nothing")
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodHead, "/", nil)) // it has no deadlines
	if n, err := strconv.Atoi(response.Header.Get("Content-Length")); err != nil || n != 64<<10 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
