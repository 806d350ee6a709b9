package rawdisk

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/advice"
)

// opened is an image that is opened without waiting.
func opened(t *testing.T, i *Images, name string) (size int64, err error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Ready{i}.Open(t.Context(), name, f)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	info, err := d.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// eventually opens an image as soon as it is unpacked.
func eventually(t *testing.T, i *Images, name string) (size int64, err error) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if size, err = opened(t, i, name); !errors.Is(err, ErrUnpacking) {
			return size, err
		}
	}
	t.Fatal("it is never unpacked")
	return 0, nil
}

// Images are unpacked in the background, beside whoever looks; an image that has changed is
// unpacked anew, and who reads the old one goes on with that.
func TestBackground(t *testing.T) {
	i := images(t)
	i.Background()
	name := made(t, "gzip disk.raw", "disk.raw.gz")
	for range 3 {
		if _, err := opened(t, i, name); !errors.Is(err, ErrUnpacking) {
			t.Fatalf("before it was unpacked: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { i.Run(ctx) })
	defer running.Wait()
	defer cancel()
	if size, err := eventually(t, i, name); err != nil || size != 5<<20 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	old, err := open(t, i, name)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if out, err := exec.Command("sh", "-c", "head -c 3M /dev/zero | gzip >"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if size, err := eventually(t, i, name); err != nil || size != 3<<20 {
		t.Errorf("another image: %d bytes, %v", size, err)
	}
	if got, err := io.ReadAll(old); err != nil || len(got) != 5<<20 {
		t.Errorf("of the old one %d bytes, %v", len(got), err)
	}
	cut := made(t, "gzip disk.raw && truncate -s 1M disk.raw.gz", "disk.raw.gz")
	if _, err := eventually(t, i, cut); err == nil || !strings.Contains(err.Error(), "can't be unpacked") {
		t.Errorf("one that is cut off: %v", err)
	}
}

// A bomb among the images, and one whose server stalls, don't hold up those behind them.
func TestBehindBomb(t *testing.T) {
	i := images(t)
	running(t, i)
	bomb := made(t, "head -c 512M /dev/zero | gzip -1 >p; for n in $(seq 40); do cat p; done >bomb.gz", "bomb.gz")
	stalled, err := os.Open(made(t, "gzip disk.raw", "disk.raw.gz"))
	if err != nil {
		t.Fatal(err)
	}
	stall := make(chan struct{})
	defer close(stall)
	if _, err := (Ready{i}).Open(t.Context(), "stalled", stalling{stalled, stall}); !errors.Is(err, ErrUnpacking) {
		t.Fatal(err)
	}
	if _, err := opened(t, i, bomb); !errors.Is(err, ErrUnpacking) {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if size, err := eventually(t, i, made(t, "gzip disk.raw", "disk.raw.gz")); err != nil || size != 5<<20 {
		t.Errorf("one behind them: %d bytes, %v", size, err)
	}
	if _, err := opened(t, i, bomb); !errors.Is(err, ErrUnpacking) {
		t.Errorf("the bomb is done first: %v", err)
	}
}

// stalling is an image that can't be read until it may.
type stalling struct {
	*os.File
	may <-chan struct{}
}

func (s stalling) ReadAt(p []byte, off int64) (int, error) {
	if off > 0 || len(p) > 8 {
		<-s.may
	}
	return s.File.ReadAt(p, off)
}

// Two that want the same image wait for one copy, and those that are unpacked at the same time
// are no more together than there may be.
func TestSideBySide(t *testing.T) {
	i := images(t)
	i.most = 12 << 20
	same := made(t, "gzip disk.raw", "disk.raw.gz")
	names := []string{same, same, same, made(t, "gzip disk.raw", "disk.raw.gz"), made(t, "gzip disk.raw", "disk.raw.gz")}
	failed := make(chan error, len(names))
	for _, name := range names {
		go func() {
			f, err := os.Open(name)
			if err == nil {
				var d io.Closer
				if d, err = i.Open(t.Context(), name, f); err == nil {
					err = d.Close()
				}
			}
			failed <- err
		}()
	}
	var refused []error
	for range names {
		if err := <-failed; err != nil {
			refused = append(refused, err)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if used := i.used(""); used > i.most || used < 10<<20 || len(i.underWay) > 0 {
		t.Errorf("%d bytes are used, %d under way, refused are %v", used, len(i.underWay), refused)
	}
}

// What waits is bounded, and given up when nobody unpacks any more.
func TestWaiting(t *testing.T) {
	i := images(t)
	i.Background()
	name := made(t, "gzip disk.raw && for n in $(seq 80); do cp disk.raw.gz $n.gz; done", "disk.raw.gz")
	before := descriptors(t)
	for n := range 80 {
		_, _ = opened(t, i, filepath.Join(filepath.Dir(name), strconv.Itoa(n+1)+".gz"))
	}
	if open := descriptors(t) - before; open > waitingMost {
		t.Errorf("%d files are open", open)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	i.Run(ctx)
	if open := descriptors(t) - before; open > 0 {
		t.Errorf("%d files stay open", open)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Unpacking leaves some of a file system free, says what is needed, and leaves nothing there.
func TestNoRoom(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	i := New(dir, func(string) {})
	_, err := open(t, i, made(t, "head -c 40M /dev/urandom >r; gzip r", "r.gz"))
	if err == nil || !strings.Contains(err.Error(), "of about 40 MiB were done") || !strings.Contains(advice.Of(err), "TMPDIR") {
		t.Errorf("%v; advice %q", err, advice.Of(err))
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Bavail < fs.Blocks*9/10 {
		t.Errorf("%d of %d blocks are free, %v", fs.Bavail, fs.Blocks, err)
	}
}

// All images together have a bound.
func TestShare(t *testing.T) {
	i := images(t)
	i.most = 12 << 20
	for n, want := range []string{"", "", "all compressed images together"} {
		f, err := open(t, i, made(t, "gzip disk.raw", "disk.raw.gz"))
		if err != nil && (want == "" || !strings.Contains(err.Error(), want)) || err == nil && want != "" {
			t.Errorf("image %d: %v", n+1, err)
		}
		if err == nil {
			_ = f.Close()
		}
	}
}

// Who waits is told how far it is, and is heard at once.
func TestProgress(t *testing.T) {
	name := made(t, "head -c 256M /dev/zero | gzip -1 >p; for n in $(seq 64); do cat p; done >zeros.gz", "zeros.gz")
	ctx, cancel := context.WithCancel(t.Context())
	var said string
	i := New(t.TempDir(), func(line string) { said = line; cancel() })
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Open(ctx, name, f); !errors.Is(err, context.Canceled) || !strings.Contains(said, "Unpacking zeros.gz in ") || !strings.Contains(said, " of about ") {
		t.Errorf("%v; it said %q", err, said)
	}
}
