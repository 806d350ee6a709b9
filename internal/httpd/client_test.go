package httpd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// What curl, the most used of clients, makes of the answers.
func TestCurl(t *testing.T) {
	tree, path, data := folder(t, 3<<20)
	mtime := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	if err := os.Chtimes(path, mtime, mtime); err != nil {
		t.Fatal(err)
	}
	url := "http://" + serve(t, &Server{Handler: &Handler{Open: FS(tree)}}, nil) + "/disk.img"

	head, err := curl(t, "-I", url)
	for _, line := range []string{
		"HTTP/1.1 200 OK", "Content-Length: 3145728", "Accept-Ranges: bytes", "Content-Type: application/vnd.efi-img",
		"Last-Modified: Mon, 04 May 2026 03:02:01 GMT", `Etag: "`,
	} {
		if err != nil || !strings.Contains(string(head), line) {
			t.Errorf("curl -I: no %q in %q, %v", line, head, err)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		want []byte
	}{
		{"whole", nil, data},
		{"one byte", []string{"-r", "0-0"}, data[:1]},
		{"middle", []string{"-r", "1000-1999999"}, data[1000:2000000]},
		{"end", []string{"-r", "-1000"}, data[len(data)-1000:]},
		{"slowly", []string{"--limit-rate", "8M"}, data},
		{"modified since", []string{"-z", "Sun, 03 May 2026 00:00:00 GMT"}, data},
		{"not modified since", []string{"-z", "Tue, 05 May 2026 00:00:00 GMT"}, nil},
		{"HTTP/1.0", []string{"-0"}, data},
	} {
		got, err := curl(t, append(c.args, url)...)
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %d bytes, want %d; %v", c.name, len(got), len(c.want), err)
		}
	}
	if got, err := curl(t, "--path-as-is", url+"/../x/../../disk.img"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("a path that leaves the root: %d bytes, %v", len(got), err)
	}
	parts, err := curl(t, "-r", "0-1,1000-1003", url)
	if err != nil || !bytes.Contains(parts, data[1000:1004]) || !bytes.Contains(parts, []byte("Content-Range: bytes 1000-1003/3145728")) {
		t.Errorf("two ranges: %q, %v", parts, err)
	}
	if out, err := curl(t, "-f", "-r", "3145728-", url); err == nil || !strings.Contains(err.Error(), "416") {
		t.Errorf("beyond the end: %q, %v", out, err)
	}
}

func TestCurlResumes(t *testing.T) {
	tree, _, data := folder(t, 3<<20)
	url := "http://" + serve(t, &Server{Handler: &Handler{Open: FS(tree)}}, nil) + "/disk.img"
	part := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(part, data[:1234567], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := curl(t, "-C", "-", "-o", part, url); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(part); !bytes.Equal(got, data) {
		t.Errorf("%d bytes, not those of the file", len(got))
	}
}

func TestBusyboxWget(t *testing.T) {
	tree, _, data := folder(t, 1<<20)
	url := "http://" + serve(t, &Server{Handler: &Handler{Open: FS(tree)}}, nil) + "/disk.img"
	busybox := need(t, "busybox", "busybox-static")
	got, err := exec.Command(busybox, "wget", "-q", "-O", "-", url).Output()
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	part := filepath.Join(t.TempDir(), "part")
	os.WriteFile(part, data[:500_000], 0o600)
	if out, err := exec.Command(busybox, "wget", "-q", "-c", "-O", part, url).CombinedOutput(); err != nil {
		t.Fatalf("%s, %v", out, err)
	}
	if got, _ := os.ReadFile(part); !bytes.Equal(got, data) {
		t.Errorf("continued: %d bytes, not those of the file", len(got))
	}
}

// growing is a Backed file that arrives while it is read.
type growing struct {
	*os.File
	size int64

	mu   sync.Mutex
	cond *sync.Cond
	have int64
	err  error
}

func (g *growing) Stat() (fs.FileInfo, error) { return &file{size: g.size}, nil }

func (g *growing) Backing(off int64) (*os.File, int64, int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for off >= g.have && g.err == nil {
		g.cond.Wait()
	}
	if off >= g.have {
		return nil, 0, 0, g.err
	}
	return g.File, off, g.have - off, nil
}

func (g *growing) arrive(b []byte, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.WriteAt(b, g.have)
	g.have += int64(len(b))
	g.err = err
	g.cond.Broadcast()
}

func TestBackedFileArrives(t *testing.T) {
	data := pattern(3 << 20)
	for name, c := range map[string]struct {
		end error
		ok  bool
	}{"whole": {nil, true}, "fails": {fs.ErrClosed, false}} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), "part"))
			if err != nil {
				t.Fatal(err)
			}
			g := &growing{File: f, size: int64(len(data))}
			g.cond = sync.NewCond(&g.mu)
			rec := newRecorder()
			addr := serve(t, &Server{Handler: &Handler{Open: opens(g), Hooks: rec.hooks()}}, nil)
			go func() {
				for i := 0; i < len(data); i += 1 << 20 {
					if i == 2<<20 {
						g.arrive(nil, c.end)
					}
					if i < 2<<20 || c.ok {
						g.arrive(data[i:i+1<<20], nil)
					}
				}
				g.arrive(nil, c.end)
			}()
			_, body, err := get(t, client(t), "http://"+addr+"/f")
			if c.ok != (err == nil && bytes.Equal(body, data)) {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			if e := rec.next(t); c.ok != (e.err == nil) {
				t.Errorf("the hook was told %v", e.err)
			}
		})
	}
}

// A client that leaves while the file is still waited for is what ended the
// transfer, not the file.
func TestPeerLeavesWhileWaiting(t *testing.T) {
	rec := newRecorder()
	opened := make(chan struct{})
	open := func(ctx context.Context, _ *http.Request, _ string) (fs.File, error) {
		close(opened)
		<-ctx.Done()
		return nil, fmt.Errorf("upstream: %w", context.Cause(ctx))
	}
	addr := serve(t, &Server{Handler: &Handler{Open: open, Hooks: rec.hooks()}}, nil)
	c := dial(t, addr)
	fmt.Fprintf(c, "GET /f HTTP/1.1\r\nHost: x\r\n\r\n")
	<-opened
	c.Close()
	if e := rec.next(t); !errors.Is(e.err, ErrPeerGone) {
		t.Errorf("%v", e.err)
	}
}
