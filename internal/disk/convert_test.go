package disk_test

import (
	"context"
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
)

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

// TestConvertInterrupted interrupts a copy from a server that stalls, at every
// request of it.
func TestConvertInterrupted(t *testing.T) {
	dir := t.TempDir()
	raw := filepath.Join(dir, "disk.raw")
	if err := os.WriteFile(raw, []byte(strings.Repeat("0123456789abcdef", 1<<16)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"raw", "qcow2", "vhdx", "vmdk"} {
		image := filepath.Join(dir, "image."+format)
		if out, err := exec.Command("qemu-img", "convert", "-f", "raw", "-O", format, raw, image).CombinedOutput(); err != nil {
			t.Fatalf("qemu-img (package qemu-utils): %v: %s", err, out)
		}
		for _, n := range []int64{1, 2, 3, 4} {
			url, stalled := stalling(t, image, n)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			to := filepath.Join(t.TempDir(), "new.qcow2")
			go func() { done <- disk.Convert(ctx, url, to, disk.ConvertOptions{}) }()
			select {
			case <-stalled:
			case err := <-done:
				t.Fatalf("%s, stalled at request %d: %v before it stalled", format, n, err)
			}
			cancel()
			begin := time.Now()
			err := <-done
			if err == nil || !strings.Contains(err.Error(), "interrupted") || advice.Of(err) != "start it again when you like" {
				t.Errorf("%s, stalled at request %d: %v", format, n, err)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("%s, stalled at request %d: it went on for %v", format, n, took)
			}
			if _, err := os.Stat(to); err == nil {
				t.Errorf("%s, stalled at request %d: what was made is left", format, n)
			}
		}
	}
}

// TestConvertOfWhatChanges: a file that is written to while it is copied, by a
// program that takes no lock, or that is longer in the end, makes no copy that
// is neither the old disk nor the new one.
func TestConvertOfWhatChanges(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(raw string) error
	}{
		{"written to", func(raw string) error {
			file, err := os.OpenFile(raw, os.O_WRONLY, 0)
			if err == nil {
				_, err = file.WriteAt([]byte("new"), 0)
				file.Close()
			}
			return err
		}},
		{"downloaded on", func(raw string) error { return os.Truncate(raw, 9<<20) }},
		{"cut", func(raw string) error { return os.Truncate(raw, 1<<20) }},
	} {
		dir := t.TempDir()
		raw, over, to := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "over.qcow2"), filepath.Join(dir, "new.qcow2")
		for _, from := range []string{raw, over} {
			write(t, raw, strings.Repeat("0123456789abcdef", 8<<20/16))
			if from == over {
				if err := disk.Create(t.Context(), over, disk.CreateOptions{Backing: raw}); err != nil {
					t.Fatal(err)
				}
			}
			changed := false
			err := disk.Convert(t.Context(), from, to, disk.ConvertOptions{Progress: func(done, _, _ int64) {
				if !changed && done >= 4<<20 {
					changed = true
					if err := c.change(raw); err != nil {
						t.Error(err)
					}
				}
			}})
			if err == nil || !strings.Contains(err.Error(), from) || advice.Of(err) == "" {
				t.Errorf("%s, from %s: %v (%s)", c.what, from, err, advice.Of(err))
			}
			if _, err := os.Stat(to); err == nil {
				t.Errorf("%s, from %s: what was made is left", c.what, from)
			}
			_ = os.Remove(to)
		}
	}
}
