package httpd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// need is the path of a peer, which must be there.
func need(t testing.TB, tool, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is missing: install the package %s", tool, pkg)
	}
	return path
}

// pattern is n bytes of which every part is different.
func pattern(n int) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(b)
	return b
}

// folder is a root with one file "disk.img" of n bytes, and its bytes.
func folder(t testing.TB, n int) (fs.FS, string, []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.img")
	data := pattern(n)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(filepath.Dir(path)), path, data
}

// serve runs s on loopback until the test ends, and returns its address.
func serve(t testing.TB, s *Server, wrap func(net.Listener) net.Listener) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if wrap != nil {
		ln = wrap(ln)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return addr
}

// ended is what the hooks of one transfer told.
type ended struct {
	t        *Transfer
	s        Stats
	err      error
	progress []int64
}

// recorder keeps what hooks tell.
type recorder struct {
	mu       sync.Mutex
	started  int
	progress map[*Transfer][]int64
	ends     chan ended
}

func newRecorder() *recorder {
	return &recorder{progress: map[*Transfer][]int64{}, ends: make(chan ended, 1000)}
}

func (r *recorder) hooks() Hooks {
	return Hooks{
		Start: func(*Transfer) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.started++
		},
		Progress: func(t *Transfer, n int64) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.progress[t] = append(r.progress[t], n)
		},
		End: func(t *Transfer, s Stats, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ends <- ended{t, s, err, r.progress[t]}
		},
	}
}

func (r *recorder) next(t testing.TB) ended {
	t.Helper()
	select {
	case e := <-r.ends:
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no transfer ended")
		return ended{}
	}
}

// client has connections of its own, closed when the test ends.
func client(t testing.TB) *http.Client {
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(t testing.TB, c *http.Client, url string, header ...string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func curl(t testing.TB, args ...string) (stdout []byte, err error) {
	t.Helper()
	cmd := exec.Command(need(t, "curl", "curl"), append([]string{"-sS", "--max-time", "20"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err = cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return stdout, err
}
