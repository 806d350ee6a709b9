package disk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/internal/advice"
)

// newPool makes a pool that the test closes, and what tells which image it closed.
func newPool(t *testing.T, o PoolOptions) (p *Pool, closed chan string) {
	t.Helper()
	closed = make(chan string, 1000)
	o.Closed = func(file string, err error) {
		if err != nil {
			file = err.Error()
		}
		closed <- file
	}
	files := openFiles(t)
	p = NewPool(context.Background(), o)
	t.Cleanup(func() {
		must(t, p.Close())
		if now := openFiles(t); now != files {
			t.Errorf("%d files are open, before there were %d", now, files)
		}
	})
	return p, closed
}

// openFiles is how many files this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(open)
}

// newImages makes images in a folder of the test.
func newImages(t *testing.T, n int) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		names = append(names, filepath.Join(dir, fmt.Sprintf("%d.qcow2", i)))
		must(t, Create(t.Context(), names[i], CreateOptions{Size: 1 << 20}))
	}
	return names
}

// TestPoolShares: two users have one disk, whatever links led them to it, and the
// last of them closes it.
func TestPoolShares(t *testing.T) {
	p, closed := newPool(t, PoolOptions{})
	name := newImages(t, 1)[0]
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(name, link))
	a, releaseA, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	b, releaseB, err := p.Open(t.Context(), "machine", link, Options{})
	must(t, err)
	if a != b {
		t.Error("it was opened twice")
	}
	must(t, a.Write(t.Context(), []byte("written"), 1<<19, 0))
	releaseA()
	releaseA() // is one release
	got := make([]byte, 7)
	must(t, b.Read(t.Context(), got, 1<<19))
	if f, err := block.OpenFile(name, block.FileOptions{}); !errors.Is(err, block.ErrLocked) {
		t.Errorf("another may write to it: %v, %v", f, err)
	}
	releaseB()
	if got := <-closed; got != name {
		t.Errorf("closed: %s", got)
	}
	c, releaseC, err := p.Open(t.Context(), "another", name, Options{})
	must(t, err)
	defer releaseC()
	must(t, c.Read(t.Context(), got, 1<<19))
	if string(got) != "written" || c.Unclosed {
		t.Errorf("it reads %q, unclosed %v", got, c.Unclosed)
	}
}

// TestPoolFails: that an image couldn't be opened isn't remembered.
func TestPoolFails(t *testing.T) {
	p, _ := newPool(t, PoolOptions{Most: 1})
	name := filepath.Join(t.TempDir(), "disk.qcow2")
	for range 3 {
		refuses(t, p, "machine", name, Options{}, "there is no file")
	}
	must(t, Create(t.Context(), name, CreateOptions{Size: 1 << 20}))
	_, release, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	release()
}

// TestPoolRefuses: a disk that may be written to is one owner's, and all who use a
// disk mean the same.
func TestPoolRefuses(t *testing.T) {
	p, _ := newPool(t, PoolOptions{})
	names := newImages(t, 2)
	_, release, err := p.Open(t.Context(), "a", names[0], Options{})
	must(t, err)
	defer release()
	_, releaseRead, err := p.Open(t.Context(), "a", names[1], Options{ReadOnly: true})
	must(t, err)
	defer releaseRead()
	for _, c := range []struct {
		owner, name string
		options     Options
		says        string // "" if it isn't refused
	}{
		{"a", names[0], Options{}, ""},
		{"b", names[0], Options{}, "in use by a"},
		{"a", names[0], Options{ReadOnly: true}, "otherwise"},
		{"a", names[0], Options{Base: names[1]}, "otherwise"},
		{"b", names[1], Options{ReadOnly: true}, ""},
		{"a", names[1], Options{}, "otherwise"},
	} {
		if c.says != "" {
			refuses(t, p, c.owner, c.name, c.options, c.says)
			continue
		}
		_, release, err := p.Open(t.Context(), c.owner, c.name, c.options)
		must(t, err)
		release()
	}
}

// refuses sees that a disk isn't opened, and that the error says why, and what to
// do.
func refuses(t *testing.T, p *Pool, owner, name string, o Options, says string) {
	t.Helper()
	_, release, err := p.Open(t.Context(), owner, name, o)
	if err == nil {
		release()
		t.Errorf("%s, %+v: it was opened", owner, o)
	} else if text := err.Error(); !strings.Contains(text, says) || !strings.Contains(text, name) || advice.Of(err) == "" {
		t.Errorf("%s, %+v: %v (%s)", owner, o, err, advice.Of(err))
	}
}

// TestPoolBound: one disk more than there may be is refused, or takes the place of
// the one that has had no user for longest.
func TestPoolBound(t *testing.T) {
	p, closed := newPool(t, PoolOptions{Most: 2, Idle: time.Hour})
	names := newImages(t, 3)
	var releases []func()
	for _, name := range names[:2] {
		_, release, err := p.Open(t.Context(), "machine", name, Options{})
		must(t, err)
		releases = append(releases, release)
	}
	refuses(t, p, "machine", names[2], Options{}, "2 disks are open, which is the most")
	releases[1]()
	releases[0]()
	_, release, err := p.Open(t.Context(), "machine", names[2], Options{})
	must(t, err)
	release()
	if got := <-closed; got != names[1] {
		t.Errorf("closed: %s", got)
	}
}

// TestPoolIdle: a disk stays open for who comes back, and not for ever.
func TestPoolIdle(t *testing.T) {
	p, closed := newPool(t, PoolOptions{Idle: 50 * time.Millisecond})
	name := newImages(t, 1)[0]
	_, first, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	_, second, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	first()
	select {
	case got := <-closed:
		t.Fatalf("closed while it is used: %s", got)
	case <-time.After(200 * time.Millisecond):
	}
	second()
	if got := <-closed; got != name {
		t.Errorf("closed: %s", got)
	}
}

// TestPoolTellsErrors: that what was written last may be lost is told.
func TestPoolTellsErrors(t *testing.T) {
	p, closed := newPool(t, PoolOptions{})
	name := newImages(t, 1)[0]
	d, release, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	must(t, d.Close()) // so that it can't be closed again
	release()
	if got := <-closed; !strings.Contains(got, name) {
		t.Errorf("told: %s", got)
	}
}

// TestPoolWhileClosing: who asks for a disk that is being closed gets it opened
// anew.
func TestPoolWhileClosing(t *testing.T) {
	closing, goOn := make(chan struct{}, 2), make(chan struct{})
	p := NewPool(t.Context(), PoolOptions{Closed: func(string, error) { closing <- struct{}{}; <-goOn }})
	name := newImages(t, 1)[0]
	first, release, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	release()
	<-closing
	time.AfterFunc(50*time.Millisecond, func() { close(goOn) })
	second, release, err := p.Open(t.Context(), "machine", name, Options{})
	must(t, err)
	if second == first {
		t.Error("it is the disk that was closed")
	}
	must(t, second.Write(t.Context(), []byte("written"), 0, 0))
	release()
	must(t, p.Close())
}

// TestPoolUserLeaves: who doesn't wait for a disk to be opened leaves, and the pool
// can be closed.
func TestPoolUserLeaves(t *testing.T) {
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	p := NewPool(t.Context(), PoolOptions{Idle: time.Hour})
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, _, err := p.Open(ctx, "machine", server.URL, Options{ReadOnly: true})
		done <- err
	}()
	<-asked
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	must(t, p.Close())
	if _, _, err := p.Open(t.Context(), "machine", server.URL, Options{ReadOnly: true}); err == nil {
		t.Error("a closed pool opens disks")
	}
}

// TestPoolConcurrent: many users of few disks, of which not all may be open at
// once, find what they wrote, however soon the disks are closed.
func TestPoolConcurrent(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Millisecond} {
		t.Run(idle.String(), func(t *testing.T) { useConcurrently(t, idle) })
	}
}

func useConcurrently(t *testing.T, idle time.Duration) {
	const disks, users, rounds = 4, 16, 30
	p, _ := newPool(t, PoolOptions{Most: disks - 1, Idle: idle})
	names := newImages(t, disks)
	var refused atomic.Int64
	var all sync.WaitGroup
	for user := range users {
		all.Go(func() {
			for round := range rounds {
				err := writeAndRead(t.Context(), p, names[(user+round)%disks], int64(user)<<13, fmt.Sprintf("%08d", round))
				if err != nil && strings.Contains(err.Error(), "which is the most") {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d of %d refused", refused.Load(), users*rounds)
}

func writeAndRead(ctx context.Context, p *Pool, name string, off int64, text string) error {
	d, release, err := p.Open(ctx, "machine", name, Options{})
	if err != nil {
		return err
	}
	defer release()
	if err := d.Write(ctx, []byte(text), off, 0); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if err := d.Read(ctx, got, off); err != nil || string(got) != text {
		return fmt.Errorf("%q is read, not %q: %w", got, text, err)
	}
	return nil
}
