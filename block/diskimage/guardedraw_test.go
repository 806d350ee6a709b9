package diskimage_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
)

// openRawDisk makes a raw disk and opens it, by guessing where format is "".
func openRawDisk(t *testing.T, head string, format diskimage.Format) *diskimage.Image {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk.img")
	content := make([]byte, 1<<20)
	copy(content, head)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	d := openFile(t, name, diskimage.Options{Format: format, Guess: true})
	t.Cleanup(func() { d.Close() })
	return d
}

// TestNoDisguise: no way of writing makes another format of a disk that was
// guessed to be raw, and what isn't one is written.
func TestNoDisguise(t *testing.T) {
	ctx := context.Background()
	write := func(text string, off int64) func(block.Device) error {
		return func(d block.Device) error { return d.Write(ctx, []byte(text), off, 0) }
	}
	whole := func(magic string, n int) string { return magic + strings.Repeat("\x01", n-len(magic)) }
	for _, c := range []struct {
		name, head string
		change     func(block.Device) error
		refused    bool
	}{
		{"qcow2", "", write("QFI\xfb", 0), true},
		{"a sector of it", "", write(whole("QFI\xfb", 512), 0), true},
		{"many sectors of it", "", write(whole("QFI\xfb", 1<<20), 0), true},
		{"durably", "", func(d block.Device) error { return d.Write(ctx, []byte("QFI\xfb"), 0, block.FUA) }, true},
		{"its last byte", "QFI", write("\xfb", 3), true},
		{"its first byte", "\x00FI\xfb", write("Q", 0), true},
		{"its middle", "Q\x00\x00\xfb", write("FI", 1), true},
		{"vhd", "", write("conectix", 0), true},
		{"vhdx", "", write("vhdxfile", 0), true},
		{"vmdk", "", write("KDMV", 0), true},
		{"a vmdk descriptor", "", write("# Disk DescriptorFile\n", 0), true},
		{"cowd", "", write("COWD", 0), true},
		{"vdi", "", write("<<< Oracle VM VirtualBox Disk Image >>>\n", 0), true},
		{"qed", "", write("QED\x00", 0), true},
		{"qed by zeros", "QEDx", func(d block.Device) error { return d.Zero(ctx, 3, 1, 0) }, true},
		{"qed by more zeros", "QEDx", func(d block.Device) error { return d.Zero(ctx, 3, 1<<16, block.NoHole) }, true},
		{"qed by trimming", "QEDx", func(d block.Device) error { return d.Trim(ctx, 3, 4096) }, true},
		{"a boot sector", "", write(whole("\xeb\x63\x90", 512), 0), false},
		{"a magic elsewhere", "", write("QFI\xfb", 512), false},
		{"a magic a byte on", "", write("QFI\xfb", 1), false},
		{"nothing", "", write("", 0), false},
		{"a vhd footer", "", write("conectix", 1<<20-512), false},
		{"zeros", "boot", func(d block.Device) error { return d.Zero(ctx, 0, 1<<20, 0) }, false},
		{"trimming", "boot", func(d block.Device) error { return d.Trim(ctx, 0, 1<<20) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := openRawDisk(t, c.head, "")
			err := c.change(d)
			if (err != nil) != c.refused {
				t.Fatalf("%v", err)
			}
			if c.refused && (!errors.Is(err, block.ErrReadOnly) || !errors.As(err, new(diskimage.DisguiseError))) {
				t.Errorf("%v", err)
			}
			head := make([]byte, 512)
			if err := d.Read(ctx, head, 0); err != nil {
				t.Fatal(err)
			}
			if format, err := diskimage.Detect(bytes.NewReader(head)); format != diskimage.Raw {
				t.Errorf("it looks like %s, %v", format, err)
			}
			if want := append([]byte(c.head), make([]byte, 512-len(c.head))...); c.refused && !bytes.Equal(head, want) {
				t.Errorf("a refused write left %q", head[:16])
			}
			if err := c.change(openRawDisk(t, c.head, diskimage.Raw)); err != nil {
				t.Errorf("said to be raw: %v", err)
			}
		})
	}
}

// TestNoDisguiseInTurns has the halves of a magic come at the same time.
func TestNoDisguiseInTurns(t *testing.T) {
	d := openRawDisk(t, "", "")
	for range 500 {
		var group sync.WaitGroup
		for off, half := range map[int64]string{0: "QF", 2: "I\xfb"} {
			group.Go(func() { _ = d.Write(context.Background(), []byte(half), off, 0) })
		}
		group.Wait()
		head := make([]byte, 512)
		if err := d.Read(context.Background(), head, 0); err != nil {
			t.Fatal(err)
		}
		if format, _ := diskimage.Detect(bytes.NewReader(head)); format != diskimage.Raw {
			t.Fatalf("two halves make %s", format)
		}
		if err := d.Zero(context.Background(), 0, 512, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHeaderByQEMU copies a whole image over a raw disk, as a machine might do
// that wants its neighbour's disk.
func TestHeaderByQEMU(t *testing.T) {
	d := openRawDisk(t, "", "")
	evil := filepath.Join(t.TempDir(), "evil")
	if out, err := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "victim.img", "-F", "raw", evil, "1M").CombinedOutput(); err != nil {
		t.Fatalf("qemu-img (package qemu-utils): %v: %s", err, out)
	}
	content, err := os.ReadFile(evil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), content, 0, 0); err == nil {
		t.Error("a raw disk took a qcow2 header")
	}
}

// FuzzDisguise has any changes of the head in any order: data holds, for each,
// what to do, where, how much, and the bytes.
func FuzzDisguise(f *testing.F) {
	f.Add([]byte("\x00\x00\x04QFI\xfb"))
	f.Add([]byte("\x00\x00\x03QED\x00\x03\x01x\x01\x03\x01"))
	f.Add([]byte("\x00\x00\x04QFI\x00\x00\x03\x01\xfb"))
	f.Add([]byte("\x00\x04\x04ctix\x00\x00\x04cone"))
	name := filepath.Join(f.TempDir(), "disk.img")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(name, make([]byte, 8192), 0o600); err != nil {
			t.Fatal(err)
		}
		d := openFile(t, name, diskimage.Options{Guess: true})
		defer d.Close()
		for len(data) > 3 {
			what, off, n := data[0]%3, int64(data[1]), min(int(data[2]), len(data)-3)
			switch data = data[3:]; what {
			case 0:
				_ = d.Write(context.Background(), data[:n], off, 0)
				data = data[n:]
			case 1:
				_ = d.Zero(context.Background(), off, int64(n), 0)
			case 2:
				_ = d.Trim(context.Background(), off, int64(n))
			}
		}
		head := make([]byte, 512)
		if err := d.Read(context.Background(), head, 0); err != nil {
			t.Fatal(err)
		}
		if format, err := diskimage.Detect(bytes.NewReader(head)); format != diskimage.Raw {
			t.Errorf("it looks like %s, %v", format, err)
		}
	})
}
