package httpd

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"
)

// nginx serves dir until the test ends, and returns its address.
func nginx(t *testing.T, dir string) string {
	t.Helper()
	path := need(t, "nginx", "nginx-light")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	work := t.TempDir()
	conf := fmt.Sprintf("daemon off; master_process off; user root; pid %[1]s/pid; error_log %[1]s/error.log;\n"+
		"events {}\nhttp { access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f;\n"+
		"uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; server { listen %[2]s; root %[3]s; } }\n", work, addr, dir)
	file := filepath.Join(work, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(path, "-c", file, "-e", filepath.Join(work, "error.log"))
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nginx does not answer: %s", &out)
	return ""
}

// Ranges are answered as nginx does.
func TestRangesLikeNginx(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	theirs := nginx(t, dir)
	ours := serve(t, &Server{Handler: &Handler{Open: FS(os.DirFS(dir))}}, nil)
	for _, ranges := range []string{
		"bytes=0-0", "bytes=3-5", "bytes=7-", "bytes=-2", "bytes=-10", "bytes=-11", "bytes=9-100", "bytes= 1-2",
		"bytes=10-", "bytes=10-12", "bytes=5-2", "bytes=x", "bytes=-", "bytes=-0", "bytes=-00",
		"Bytes=0-1", "BYTES=-3", "lines=1-2", "bits=0-1", "byte=0-1", "bytes =0-1", "0-1", "bytes", "bytes 0-1", "=0-1",
	} {
		our, ourBody, err1 := get(t, client(t), "http://"+ours+"/f", "Range", ranges)
		their, theirBody, err2 := get(t, client(t), "http://"+theirs+"/f", "Range", ranges)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		same := our.StatusCode == their.StatusCode
		if our.StatusCode < http.StatusBadRequest {
			same = same && our.Header.Get("Content-Range") == their.Header.Get("Content-Range") && bytes.Equal(ourBody, theirBody)
		}
		if !same {
			t.Errorf("%s: %d %q %q, nginx says %d %q %q", ranges, our.StatusCode, our.Header.Get("Content-Range"), ourBody,
				their.StatusCode, their.Header.Get("Content-Range"), theirBody)
		}
	}
}

// A part of an empty file is the empty file.
func TestRangesOfEmptyFile(t *testing.T) {
	addr := serve(t, &Server{Handler: &Handler{Open: FS(fstest.MapFS{"f": {}})}}, nil)
	for _, ranges := range []string{"bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-", "x=1"} {
		resp, body, err := get(t, client(t), "http://"+addr+"/f", "Range", ranges)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Range") != "" || len(body) > 0 {
			t.Errorf("%s: %v %v, %v", ranges, resp.Status, resp.Header, err)
		}
	}
}
