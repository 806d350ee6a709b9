package raw_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/raw"
	"golang.org/x/sys/unix"
)

// fill gives a file some bytes, holes and unwritten space.
func fill(t *testing.T, size int64) string {
	t.Helper()
	return fillIn(t, t.TempDir(), size)
}

// inMemory is a folder where Sync costs nothing.
func inMemory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("spur", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatalf("mount a tmpfs (tests run as root): %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func fillIn(t *testing.T, dir string, size int64) string {
	t.Helper()
	name := filepath.Join(dir, "disk.img")
	if err := raw.Create(name, size); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, off := range []int64{0, 70000, 200000} {
		if _, err := file.WriteAt(bytes.Repeat([]byte("spur"), 5000), off); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func open(t *testing.T, name string, options raw.Options) *raw.Device {
	t.Helper()
	d, err := raw.Open(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContract(t *testing.T) {
	tests := map[string]struct {
		size    int64
		options raw.Options
	}{
		"file":      {256 << 10, raw.Options{}},
		"tmpfs":     {300001, raw.Options{}},
		"read-only": {300001, raw.Options{ReadOnly: true}},
		"direct":    {256 << 10, raw.Options{Direct: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if name == "tmpfs" {
				dir = inMemory(t)
			}
			file := fillIn(t, dir, test.size)
			blocktest.Run(t, func(t *testing.T) block.Device { return open(t, file, test.options) })
		})
	}
}

// TestPlainFile is a device over a file that can nothing but read and write.
func TestPlainFile(t *testing.T) {
	blocktest.Run(t, func(t *testing.T) block.Device {
		d, err := raw.New(struct{ block.File }{blocktest.NewRecorder(make([]byte, 300001))}, false)
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}

func TestPersistent(t *testing.T) {
	for _, direct := range []bool{false, true} {
		name := fill(t, 1<<20)
		again := func(t *testing.T) block.Device { return open(t, name, raw.Options{Direct: direct}) }
		blocktest.Persistent(t, again, again)
	}
}

func TestSpaceIsGivenBack(t *testing.T) {
	name := fill(t, 8<<20)
	d := open(t, name, raw.Options{})
	defer func() { _ = d.Close() }()
	used := func() int64 {
		var stat unix.Stat_t
		if err := unix.Stat(name, &stat); err != nil {
			t.Fatal(err)
		}
		return stat.Blocks * 512
	}
	must(t, d.Write(t.Context(), bytes.Repeat([]byte{1}, 8<<20), 0, 0))
	must(t, d.Flush(t.Context()))
	must(t, d.Trim(t.Context(), 0, 4<<20))
	if got := used(); got > 5<<20 {
		t.Errorf("%d bytes used after half was trimmed", got)
	}
	must(t, d.Zero(t.Context(), 0, 8<<20, 0))
	if got := used(); got > 1<<20 {
		t.Errorf("%d bytes used after all was zeroed", got)
	}
	must(t, d.Zero(t.Context(), 0, 8<<20, block.NoHole))
	if got := used(); got < 8<<20 {
		t.Errorf("%d bytes set aside of 8 MiB zeroed without holes", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoWritersAreRefused(t *testing.T) {
	name := fill(t, 1<<20)
	first := open(t, name, raw.Options{})
	for _, options := range []raw.Options{{}, {ReadOnly: true}} {
		if _, err := raw.Open(name, options); !errors.Is(err, block.ErrLocked) {
			t.Errorf("%+v beside a writer: %v", options, err)
		}
	}
	if qemu(t, "-f", "raw", "-c", "write 0 512", name) {
		t.Error("qemu-io writes to what we write to")
	}
	shared := open(t, name, raw.Options{ReadOnly: true, Shared: true})
	must(t, shared.Close())
	must(t, first.Close())
	reader := open(t, name, raw.Options{ReadOnly: true})
	second := open(t, name, raw.Options{ReadOnly: true})
	if _, err := raw.Open(name, raw.Options{}); !errors.Is(err, block.ErrLocked) {
		t.Errorf("a writer beside readers: %v", err)
	}
	if !qemu(t, "-r", "-f", "raw", "-c", "read 0 512", name) {
		t.Error("qemu-io can't read beside readers")
	}
	if qemu(t, "-f", "raw", "-c", "write 0 512", name) {
		t.Error("qemu-io writes beside readers")
	}
	must(t, reader.Close())
	must(t, second.Close())
	must(t, open(t, name, raw.Options{}).Close())
}

// qemu says whether qemu-io could do something.
func qemu(t *testing.T, args ...string) bool {
	t.Helper()
	if _, err := exec.LookPath("qemu-io"); err != nil {
		t.Fatalf("install qemu-utils: %v", err)
	}
	out, err := exec.Command("qemu-io", args...).CombinedOutput()
	t.Logf("qemu-io %q: %v: %s", args, err, out)
	return err == nil
}

// TestLockEndsWithClose starts programs all the time: they must not keep a
// lock alive.
func TestLockEndsWithClose(t *testing.T) {
	name := fill(t, 1<<20)
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = exec.Command("true").Run()
			}
		}
	})
	for range 200 {
		d, err := raw.Open(name, raw.Options{})
		if err != nil {
			t.Error(err)
			break
		}
		must(t, d.Close())
	}
	close(done)
	group.Wait()
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	must(t, unix.Mkfifo(fifo, 0o600))
	odd := fill(t, 300001)
	for name, options := range map[string]raw.Options{
		filepath.Join(dir, "missing"): {}, dir: {ReadOnly: true}, fifo: {ReadOnly: true}, odd: {Direct: true},
		"/dev/null": {},
	} {
		if d, err := raw.Open(name, options); err == nil {
			t.Errorf("%s is opened", name)
			_ = d.Close()
		}
	}
	if err := raw.Create(odd, 5); !errors.Is(err, os.ErrExist) {
		t.Errorf("create over a file: %v", err)
	}
}

func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("spur", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Fatalf("mount a tmpfs (tests run as root): %v", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	name := filepath.Join(dir, "disk.img")
	must(t, raw.Create(name, 4<<20))
	d := open(t, name, raw.Options{})
	defer func() { _ = d.Close() }()
	if err := d.Write(t.Context(), bytes.Repeat([]byte{1}, 2<<20), 0, 0); !errors.Is(err, block.ErrNoSpace) {
		t.Errorf("write: %v", err)
	}
	if err := d.Zero(t.Context(), 0, 4<<20, block.NoHole); !errors.Is(err, block.ErrNoSpace) {
		t.Errorf("zero: %v", err)
	}
	must(t, d.Trim(t.Context(), 0, 4<<20))
	must(t, d.Write(t.Context(), []byte{1}, 0, block.FUA))
}

func TestFileCutOff(t *testing.T) {
	name := fill(t, 1<<20)
	d := open(t, name, raw.Options{})
	defer func() { _ = d.Close() }()
	must(t, os.Truncate(name, 1000))
	if err := d.Read(t.Context(), make([]byte, 512), 4096); !errors.Is(err, block.ErrGone) {
		t.Errorf("read of a file that was cut: %v", err)
	}
}

func TestMediumErrors(t *testing.T) {
	file := blocktest.NewRecorder(make([]byte, 1<<20))
	file.Before = func(blocktest.Change) error { return unix.EIO }
	d, err := raw.New(file, false)
	must(t, err)
	for what, err := range map[string]error{
		"write": d.Write(t.Context(), []byte{1}, 0, 0), "FUA": d.Write(t.Context(), []byte{1}, 0, block.FUA),
		"flush": d.Flush(t.Context()), "zero": d.Zero(t.Context(), 0, 512, 0), "trim": d.Trim(t.Context(), 0, 512),
	} {
		if !errors.Is(err, unix.EIO) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
