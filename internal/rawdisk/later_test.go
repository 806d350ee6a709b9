package rawdisk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// running has images be unpacked in the background.
func running(t *testing.T, i *Images) {
	t.Helper()
	i.Background()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { i.Run(ctx) })
	t.Cleanup(all.Wait)
	t.Cleanup(cancel)
}

// An image for which there was no room is unpacked once there is, and no attempt is made
// before.
func TestRoomAgain(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, make([]byte, 50<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	i := New(dir, func(string) {})
	i.retryAfter = 0
	running(t, i)
	name := made(t, "head -c 20M /dev/urandom >r; gzip -1 r", "r.gz")
	for range 3 {
		if _, err := eventually(t, i, name); !errors.Is(err, ErrNoRoom) {
			t.Fatalf("without room: %v", err)
		}
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if size, err := eventually(t, i, name); err != nil || size != 20<<20 {
		t.Errorf("with room: %d bytes, %v", size, err)
	}
}

// unreliable is an image that can't be read at times.
type unreliable struct {
	*os.File
	broken *atomic.Bool
}

func (u unreliable) ReadAt(p []byte, off int64) (int, error) {
	if u.broken.Load() && off > 0 {
		return 0, unix.EIO
	}
	return u.File.ReadAt(p, off)
}

// An image that couldn't be read, as at a server that was away, is tried again, also where it
// hasn't changed; one that is damaged isn't.
func TestReadAgain(t *testing.T) {
	i := images(t)
	i.retryAfter = 100 * time.Millisecond
	running(t, i)
	var broken atomic.Bool
	open := func(name string) (err error) {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			f, failed := os.Open(name)
			if failed != nil {
				t.Fatal(failed)
			}
			d, failed := Ready{i}.Open(t.Context(), name, unreliable{f, &broken})
			if err = failed; err == nil {
				return d.Close()
			}
			if !errors.Is(err, ErrUnpacking) {
				return err
			}
		}
		return err
	}
	whole := made(t, "gzip disk.raw", "disk.raw.gz")
	broken.Store(true)
	if err := open(whole); !errors.Is(err, unix.EIO) {
		t.Errorf("while it can't be read: %v", err)
	}
	broken.Store(false)
	time.Sleep(i.retryAfter)
	if err := open(whole); err != nil {
		t.Errorf("once it can be read: %v", err)
	}
	damaged := made(t, "gzip disk.raw && truncate -s 1M disk.raw.gz", "disk.raw.gz")
	for range 2 {
		if err := open(damaged); err == nil || errors.Is(err, ErrUnpacking) {
			t.Errorf("one that is cut off: %v", err)
		}
	}
}

// The copy of an image that was removed takes no room, neither on the disk nor of what all
// of them may have; who reads it goes on.
func TestGone(t *testing.T) {
	i := images(t)
	i.most = 6 << 20
	i.gone = 10 * time.Millisecond
	running(t, i)
	name := made(t, "gzip disk.raw", "disk.raw.gz")
	if _, err := eventually(t, i, name); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); i.left("") < i.most; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("its copy stays")
		}
	}
	if _, err := eventually(t, i, made(t, "gzip disk.raw", "disk.raw.gz")); err != nil {
		t.Errorf("another one: %v", err)
	}
}
