package nbd

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// speckled is a disk with data here and there.
func speckled(t testing.TB, size int64) (*memory, []byte) {
	m := newMemory(size)
	whole := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	for i := range int64(20) {
		at := size / 20 * i
		random.Read(whole[at : at+size/60])
		if err := m.Write(context.Background(), whole[at:at+size/60], at, 0); err != nil {
			t.Fatal(err)
		}
	}
	return m, whole
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in\n%s", p, text)
		}
	}
}

func TestNbdinfo(t *testing.T) {
	m := newMemory(1 << 20)
	m.Write(context.Background(), []byte("hello"), 65536, 0)
	sock := serve(t, &Server{Exports: Fixed{
		{Name: "one", Description: "the first", Device: m},
		{Name: "two", Device: m, ReadOnly: true}}})
	uri := func(name string) string { return "nbd+unix:///" + name + "?socket=" + sock }
	contains(t, tool(t, "libnbd-bin", "nbdinfo", uri("one")), "export-size: 1048576", "description: the first",
		"can_multi_conn: true", "can_fast_zero: true", "is_read_only: false", "can_df: true", "base:allocation",
		"block_size_preferred: 4096", "block_size_maximum: 33554432")
	contains(t, tool(t, "libnbd-bin", "nbdinfo", uri("two")), "is_read_only: true", "can_zero: false")
	contains(t, tool(t, "libnbd-bin", "nbdinfo", "--list", "--json", uri("")), `"one"`, `"two"`, "the first")
	contains(t, tool(t, "libnbd-bin", "nbdinfo", "--map", uri("one")), "65536", "hole,zero", "data")
	contains(t, tool(t, "qemu-utils", "qemu-nbd", "--list", "-k", sock), "export: 'one'", "the first", "readonly")
}

func TestNbdcopyAndQemuImg(t *testing.T) {
	m, whole := speckled(t, 24<<20)
	sock := serve(t, &Server{Exports: Fixed{{Name: "disk", Device: m}}})
	uri := "nbd+unix:///disk?socket=" + sock
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	tool(t, "libnbd-bin", "nbdcopy", uri, raw)
	if got, err := os.ReadFile(raw); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("nbdcopy made another disk (%v)", err)
	}
	tool(t, "qemu-utils", "qemu-img", "compare", "-f", "raw", "-F", "raw", raw, uri)
	qcow := filepath.Join(dir, "qcow2")
	tool(t, "qemu-utils", "qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri, qcow)
	tool(t, "qemu-utils", "qemu-img", "compare", "-F", "raw", qcow, uri)
	contains(t, tool(t, "qemu-utils", "qemu-img", "map", "--output=json", "-f", "raw", uri), `"zero": true`)
	contains(t, tool(t, "qemu-utils", "qemu-img", "info", uri), "24 MiB")

	// And back, onto an empty one.
	empty := newMemory(24 << 20)
	uri = "nbd+unix:///?socket=" + serve(t, &Server{Exports: Fixed{{Name: "to", Device: empty}}})
	tool(t, "libnbd-bin", "nbdcopy", "--flush", raw, uri)
	got := make([]byte, len(whole))
	if err := empty.Read(context.Background(), got, 0); err != nil || !bytes.Equal(got, whole) || empty.flush.Load() == 0 {
		t.Errorf("nbdcopy wrote something else (%v), %d flushes", err, empty.flush.Load())
	}
	tool(t, "qemu-utils", "qemu-img", "convert", "-n", "-f", "qcow2", "-O", "raw", qcow, uri)
	tool(t, "qemu-utils", "qemu-img", "compare", "-F", "raw", qcow, uri)
}

func TestQemuIO(t *testing.T) {
	m := newMemory(8 << 20)
	sock := serve(t, &Server{Exports: Fixed{{Name: "disk", Device: m}}})
	contains(t, tool(t, "qemu-utils", "qemu-io", "-f", "raw", "-c", "write -P 7 1000 300000", "-c", "read -P 7 1000 300000",
		"-c", "write -z 64k 64k", "-c", "read -P 0 64k 64k", "-c", "write -z -u 128k 64k", "-c", "discard 192k 64k",
		"-c", "write -f -P 9 1M 4k", "-c", "aio_write -P 3 2M 1M", "-c", "aio_write -P 4 3M 1M", "-c", "aio_flush",
		"-c", "read -P 3 2M 1M", "-c", "read -P 4 3M 1M", "-c", "flush", "-c", "read -P 0 5M 1M",
		"nbd+unix:///disk?socket="+sock), "wrote 300000/300000")
}

// TestFio has thirty-two commands on their way at once, and checks what was
// written.
func TestFio(t *testing.T) {
	sock := serve(t, &Server{Exports: Fixed{{Name: "disk", Device: newMemory(8 << 20)}}})
	contains(t, tool(t, "fio", "fio", "--name=verify", "--ioengine=nbd", "--uri=nbd+unix:///disk?socket="+sock,
		"--rw=randrw", "--bsrange=512-64k", "--size=8M", "--iodepth=32", "--verify=crc32c", "--do_verify=1", "--verify_state_save=0"), "err= 0")
}
