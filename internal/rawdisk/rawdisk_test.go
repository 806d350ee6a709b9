package rawdisk

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/spurboot/spur/internal/advice"
)

// content is a disk: something, a hole, something.
func content() []byte {
	b := make([]byte, 5<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b[:1<<20])
	_, _ = r.Read(b[4<<20:])
	return b
}

func images(t *testing.T) *Images {
	t.Helper()
	i := New(t.TempDir(), func(string) {})
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// made is an image that a command makes of disk.raw in a folder.
func made(t *testing.T, command, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "disk.raw"), content(), 0o600); err != nil {
		t.Fatal(err)
	}
	make := exec.Command("sh", "-c", command)
	make.Dir = dir
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return filepath.Join(dir, name)
}

func open(t *testing.T, i *Images, name string) (fs.File, error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return i.Open(t.Context(), name, f)
}

func TestFormats(t *testing.T) {
	for _, format := range []struct{ name, command, file string }{
		{"raw", "true", "disk.raw"},
		{"gzip", "gzip disk.raw", "disk.raw.gz"},
		{"xz", "xz -0 disk.raw", "disk.raw.xz"},
		{"zstd", "zstd -q disk.raw", "disk.raw.zst"},
		{"two streams", "(head -c 1234567 disk.raw | gzip; tail -c +1234568 disk.raw | gzip) >two.gz", "two.gz"},
		{"qcow2", "qemu-img convert -O qcow2 disk.raw d.qcow2", "d.qcow2"},
		{"qcow2 in gzip", "qemu-img convert -O qcow2 disk.raw d.qcow2 && gzip d.qcow2", "d.qcow2.gz"},
		{"vhd", "qemu-img convert -O vpc -o force_size=on disk.raw d.vhd", "d.vhd"},
		{"vhdx", "qemu-img convert -O vhdx disk.raw d.vhdx", "d.vhdx"},
		{"vmdk", "qemu-img convert -O vmdk disk.raw d.vmdk", "d.vmdk"},
	} {
		t.Run(format.name, func(t *testing.T) {
			i, name := images(t), made(t, format.command, format.file)
			for range 2 { // of which the second is by the same copy
				f, err := open(t, i, name)
				if err != nil {
					t.Fatal(err)
				}
				info, err := f.Stat()
				if err != nil || info.Size() < 5<<20 {
					t.Fatalf("%+v, %v", info, err)
				}
				got, err := io.ReadAll(io.LimitReader(f, 5<<20))
				if err != nil || !bytes.Equal(got, content()) {
					t.Errorf("other bytes: %d, %v", len(got), err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
			if left, _ := os.ReadDir(i.dir); len(left) > 0 {
				t.Errorf("a copy has a name: %v", left)
			}
		})
	}
}

func TestAsFile(t *testing.T) {
	f, err := open(t, images(t), made(t, "qemu-img convert -O qcow2 disk.raw d.qcow2", "d.qcow2"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := iotest.TestReader(f, content()); err != nil {
		t.Error(err)
	}
	if tag := f.(interface{ ETag() string }).ETag(); !strings.HasPrefix(tag, `"`) {
		t.Errorf("tag %s", tag)
	}
}

// What is cut off is to be had again, not to be converted.
func TestCutOff(t *testing.T) {
	for _, bad := range []struct{ name, command, file string }{
		{"qcow2", "qemu-img convert -O qcow2 disk.raw d.qcow2 && truncate -s 2M d.qcow2", "d.qcow2"},
		{"header of a qcow2", "qemu-img convert -O qcow2 disk.raw d.qcow2 && truncate -s 60 d.qcow2", "d.qcow2"},
		{"qcow2 in gzip", "qemu-img convert -O qcow2 disk.raw d.qcow2 && truncate -s 2M d.qcow2 && gzip d.qcow2", "d.qcow2.gz"},
		{"vhdx", "qemu-img convert -O vhdx disk.raw d.vhdx && truncate -s 1M d.vhdx", "d.vhdx"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			f, err := open(t, images(t), made(t, bad.command, bad.file))
			if err == nil || !strings.Contains(advice.Of(err), "copy it again") {
				t.Errorf("%v, %v, advice %q", f, err, advice.Of(err))
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, bad := range []struct{ name, command, file, want string }{
		{"cut off", "gzip disk.raw && truncate -s 1M disk.raw.gz", "disk.raw.gz", "can't be unpacked"},
		{"cut off xz", "xz -0 disk.raw && truncate -s 1M disk.raw.xz", "disk.raw.xz", "can't be unpacked"},
		{"cut off zstd", "zstd -q disk.raw && truncate -s 1M disk.raw.zst", "disk.raw.zst", "can't be unpacked"},
		{"damaged", "gzip disk.raw && printf xxxx | dd of=disk.raw.gz bs=1 seek=300000 conv=notrunc status=none", "disk.raw.gz", "can't be unpacked"},
		{"bomb", "head -c 64M /dev/zero | gzip >bomb.gz", "bomb.gz", "all compressed images together would unpack"},
		{"backing file", "qemu-img convert -O qcow2 disk.raw b.qcow2 && qemu-img create -q -f qcow2 -b b.qcow2 -F qcow2 d.qcow2", "d.qcow2", "b.qcow2"},
		{"other format", "qemu-img convert -O vdi disk.raw d.vdi", "d.vdi", "vdi"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			i := images(t)
			i.most = 32 << 20
			f, err := open(t, i, made(t, bad.command, bad.file))
			if err == nil || !strings.Contains(err.Error(), bad.want) || advice.Of(err) == "" {
				t.Errorf("%v, %v, advice %q", f, err, advice.Of(err))
			}
			if left, _ := os.ReadDir(i.dir); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

// An interrupt ends unpacking.
func TestInterrupted(t *testing.T) {
	name := made(t, "gzip disk.raw", "disk.raw.gz")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := images(t).Open(ctx, name, f); err == nil {
		t.Error("it went on")
	}
}
