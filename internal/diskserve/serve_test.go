package diskserve_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/diskserve"
)

// TestServeInterrupted ends a server of a disk at a URL that stalls, while it
// opens that and while it reads it for a client.
func TestServeInterrupted(t *testing.T) {
	raw := filepath.Join(t.TempDir(), "disk.raw")
	if err := os.WriteFile(raw, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{1, 2, 3} { // the head, the same by a chunk, what the client reads
		url, stalled := stalling(t, raw, n)
		ctx, cancel := context.WithCancel(t.Context())
		out, in := io.Pipe()
		c := diskserve.Config{Files: []string{url + "/disk.raw"}, Over: diskserve.NBD, Listen: "127.0.0.1:0", Options: disk.Options{ReadOnly: true}, Out: in}
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- diskserve.Serve(ctx, c) }()
		reading := make(chan struct{})
		go func() { // and reads what is told
			defer close(reading)
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				if _, at, ok := strings.Cut(lines.Text(), " at nbd://"); ok {
					go exec.Command("qemu-io", "-r", "-f", "raw", "-c", "read 2M 64k", "nbd://"+at).Run()
				}
			}
		}()
		select {
		case <-stalled:
		case err := <-done:
			t.Fatalf("stalled at request %d: %v before it stalled", n, err)
		}
		cancel()
		begin := time.Now()
		if err := <-done; err != nil {
			t.Errorf("stalled at request %d: %v", n, err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("stalled at request %d: it went on for %v", n, took)
		}
		in.Close()
		<-reading
	}
}

// stalling serves a file, and from the n-th request on only the first bytes of
// what is asked for. stalled gets a value when it does so.
func stalling(t *testing.T, file string, n int64) (url string, stalled chan struct{}) {
	t.Helper()
	var requests atomic.Int64
	stalled = make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if requests.Add(1) >= n {
			w = &few{ResponseWriter: w, gone: r.Context(), stalled: stalled}
		}
		http.ServeFile(w, r, file)
	}))
	t.Cleanup(server.Close)
	return server.URL, stalled
}

// few passes on a few bytes, and then waits until nobody wants more.
type few struct {
	http.ResponseWriter
	gone    context.Context
	stalled chan struct{}
}

func (f *few) Write(p []byte) (int, error) {
	_, _ = f.ResponseWriter.Write(p[:min(len(p), 100)])
	_ = http.NewResponseController(f.ResponseWriter).Flush()
	f.stalled <- struct{}{}
	<-f.gone.Done()
	return 0, f.gone.Err()
}

// TestAdviceOnServing: a file that isn't there is made by another command.
func TestAdviceOnServing(t *testing.T) {
	c := diskserve.Config{Files: []string{"typo.qcow2"}, Over: diskserve.NBD, Listen: "127.0.0.1:0", Out: t.Output()}
	err := diskserve.Serve(t.Context(), c)
	if err == nil || err.Error() != "there is no file typo.qcow2" || !strings.Contains(advice.Of(err), "check the name; spur disk create makes") {
		t.Errorf("%v (%s)", err, advice.Of(err))
	}
}
