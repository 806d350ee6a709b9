package raw_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
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
	if err := create(name, size); err != nil {
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

// create makes a new file of size bytes, all zero.
func create(name string, size int64) error {
	file, err := block.OpenFile(name, block.FileOptions{New: true})
	if err != nil {
		return err
	}
	return errors.Join(raw.Create(file, raw.CreateOptions{Size: size}), file.Close())
}

// openFile opens a file as a device.
func openFile(name string, options block.FileOptions) (*raw.Device, error) {
	file, err := block.OpenFile(name, options)
	if err != nil {
		return nil, err
	}
	d, err := raw.Open(context.Background(), file, raw.Options{ReadOnly: options.ReadOnly})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return d, nil
}

func open(t *testing.T, name string, options block.FileOptions) *raw.Device {
	t.Helper()
	d, err := openFile(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContract(t *testing.T) {
	tests := map[string]struct {
		size    int64
		options block.FileOptions
	}{
		"file":      {256 << 10, block.FileOptions{}},
		"tmpfs":     {300001, block.FileOptions{}},
		"read-only": {300001, block.FileOptions{ReadOnly: true}},
		"direct":    {256 << 10, block.FileOptions{Direct: true}},
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
		d, err := raw.Open(t.Context(), struct{ block.File }{blocktest.NewRecorder(make([]byte, 300001))}, raw.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}

func TestPersistent(t *testing.T) {
	for _, direct := range []bool{false, true} {
		name := fill(t, 1<<20)
		again := func(t *testing.T) block.Device { return open(t, name, block.FileOptions{Direct: direct}) }
		blocktest.Persistent(t, again, again)
	}
}

func TestSpaceIsGivenBack(t *testing.T) {
	name := fill(t, 8<<20)
	d := open(t, name, block.FileOptions{})
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
	first := open(t, name, block.FileOptions{})
	for _, options := range []block.FileOptions{{}, {ReadOnly: true}} {
		if _, err := openFile(name, options); !errors.Is(err, block.ErrLocked) {
			t.Errorf("%+v beside a writer: %v", options, err)
		}
	}
	if qemu(t, "-f", "raw", "-c", "write 0 512", name) {
		t.Error("qemu-io writes to what we write to")
	}
	shared := open(t, name, block.FileOptions{ReadOnly: true, Shared: true})
	must(t, shared.Close())
	must(t, first.Close())
	reader := open(t, name, block.FileOptions{ReadOnly: true})
	second := open(t, name, block.FileOptions{ReadOnly: true})
	if _, err := openFile(name, block.FileOptions{}); !errors.Is(err, block.ErrLocked) {
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
	must(t, open(t, name, block.FileOptions{}).Close())
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

// TestWritersOfOthersAreRespected opens what qemu-io has open. Where it only
// reads, it lets others write, unlike a virtual machine.
func TestWritersOfOthersAreRespected(t *testing.T) {
	name := fill(t, 1<<20)
	for _, test := range []struct {
		args         []string
		read, writes bool // may we?
	}{
		{nil, false, false},
		{[]string{"-r"}, true, true},
	} {
		end := holds(t, append(test.args, "-f", "raw", name)...)
		for _, options := range []block.FileOptions{{}, {ReadOnly: true}} {
			allowed := test.writes || options.ReadOnly && test.read
			d, err := openFile(name, options)
			if err == nil {
				must(t, d.Close())
			}
			if (err == nil) != allowed || err != nil && !errors.Is(err, block.ErrLocked) {
				t.Errorf("%+v beside qemu-io %q: %v", options, test.args, err)
			}
		}
		end()
		must(t, open(t, name, block.FileOptions{}).Close())
	}
}

// holds has qemu-io keep a file open until end.
func holds(t *testing.T, args ...string) (end func()) {
	t.Helper()
	cmd := exec.Command("qemu-io", args...)
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	if err := cmd.Start(); err != nil {
		t.Fatalf("install qemu-utils: %v", err)
	}
	end = func() { _ = in.Close(); _ = cmd.Wait() }
	t.Cleanup(end)
	_, err = io.WriteString(in, "length\n")
	must(t, err)
	if line, err := bufio.NewReader(out).ReadString('B'); err != nil { // "1 MiB": it is open
		t.Fatalf("qemu-io %q: %v: %s", args, err, line)
	}
	return end
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
		d, err := openFile(name, block.FileOptions{})
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
	for name, options := range map[string]block.FileOptions{
		filepath.Join(dir, "missing"): {}, dir: {ReadOnly: true}, fifo: {ReadOnly: true}, odd: {Direct: true},
		"/dev/null": {},
	} {
		if d, err := openFile(name, options); err == nil {
			t.Errorf("%s is opened", name)
			_ = d.Close()
		}
	}
	if err := create(odd, 5); !errors.Is(err, os.ErrExist) {
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
	must(t, create(name, 4<<20))
	d := open(t, name, block.FileOptions{})
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
	d := open(t, name, block.FileOptions{})
	defer func() { _ = d.Close() }()
	must(t, os.Truncate(name, 1000))
	if err := d.Read(t.Context(), make([]byte, 512), 4096); !errors.Is(err, block.ErrGone) {
		t.Errorf("read of a file that was cut: %v", err)
	}
	err := d.Extents(t.Context(), 4096, 4096, func(e block.Extent) bool {
		t.Errorf("what was cut off is %+v", e)
		return true
	})
	if !errors.Is(err, block.ErrGone) {
		t.Errorf("extents of a file that was cut: %v", err)
	}
}

// TestFileRemoved goes on with a file whose name is gone: its bytes are not.
func TestFileRemoved(t *testing.T) {
	name := fill(t, 1<<20)
	d := open(t, name, block.FileOptions{})
	defer func() { _ = d.Close() }()
	must(t, os.Remove(name))
	must(t, d.Write(t.Context(), []byte("spur"), 4096, block.FUA))
	p := make([]byte, 4)
	must(t, d.Read(t.Context(), p, 4096))
	if string(p) != "spur" {
		t.Errorf("read %q", p)
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	t.Setenv("TMPDIR", "/var/tmp") // a file system in memory, as /tmp may be, zeroes no ranges
	d := open(t, fill(t, 1<<20), block.FileOptions{})
	defer func() { _ = d.Close() }()
	p, ctx := make([]byte, 4096), t.Context()
	for what, call := range map[string]func() error{
		"read":    func() error { return d.Read(ctx, p, 4096) },
		"write":   func() error { return d.Write(ctx, p, 4096, 0) },
		"FUA":     func() error { return d.Write(ctx, p, 4096, block.FUA) },
		"flush":   func() error { return d.Flush(ctx) },
		"trim":    func() error { return d.Trim(ctx, 8192, 4096) },
		"zero":    func() error { return d.Zero(ctx, 8192, 4096, block.NoHole) },
		"extents": func() error { return d.Extents(ctx, 0, 1<<20, func(block.Extent) bool { return true }) },
	} {
		if n := testing.AllocsPerRun(20, func() { must(t, call()) }); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
}

func TestMediumErrors(t *testing.T) {
	file := blocktest.NewRecorder(make([]byte, 1<<20))
	file.Before = func(blocktest.Change) error { return unix.EIO }
	d, err := raw.Open(t.Context(), file, raw.Options{})
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

// TestOddSize: a file that ends within a sector is a disk that ends with one, as
// it is for QEMU, and keeps what is written there.
func TestOddSize(t *testing.T) {
	const length, size = 1000000, 1000448
	name := filepath.Join(t.TempDir(), "odd.img")
	content := bytes.Repeat([]byte{7}, length)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, name, block.FileOptions{})
	defer func() { _ = d.Close() }()
	if d.Size() != size {
		t.Fatalf("%d bytes", d.Size())
	}
	got, want := make([]byte, size), append(content, make([]byte, size-length)...)
	for i := range got {
		got[i] = 0xff
	}
	if err := d.Read(t.Context(), got, 0); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the disk isn't the file and zeros: %v", err)
	}
	if _, _, ok := d.InFile(length-1, 2); ok {
		t.Error("what is behind the end is in the file")
	}
	end := int64(0)
	err := d.Extents(t.Context(), 0, size, func(e block.Extent) bool {
		if e.Offset != end || e.Length <= 0 {
			t.Errorf("an extent of %d bytes at %d, not at %d", e.Length, e.Offset, end)
		}
		end = e.Offset + e.Length
		return true
	})
	if err != nil || end != size {
		t.Errorf("extents up to %d: %v", end, err)
	}
	if err := d.Zero(t.Context(), size-512, 512, 0); err != nil {
		t.Error(err)
	}
	if err := d.Trim(t.Context(), size-512, 512); err != nil {
		t.Error(err)
	}
	if err := d.Write(t.Context(), bytes.Repeat([]byte{9}, 512), size-512, block.FUA); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(name)
	if err != nil || len(file) != size || !bytes.Equal(file[size-512:], bytes.Repeat([]byte{9}, 512)) {
		t.Errorf("the last sector isn't in the file of %d bytes: %v", len(file), err)
	}
	if err := d.Read(t.Context(), got[:512], size-512); err != nil || !bytes.Equal(got[:512], file[size-512:]) {
		t.Errorf("the last sector isn't what was written: %v", err)
	}
	if err := os.Truncate(name, length-1); err != nil {
		t.Fatal(err)
	}
	if err := d.Read(t.Context(), got[:512], size-512); !errors.Is(err, block.ErrGone) {
		t.Errorf("a file that was cut: %v", err)
	}
}
