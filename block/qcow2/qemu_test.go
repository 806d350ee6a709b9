package qcow2

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
)

// pattern is data of every kind: noise, text that packs well, zeros, holes.
func pattern(n int) []byte {
	r := rand.New(rand.NewPCG(5, 5))
	b := make([]byte, n)
	for at := 0; at < n; at += 24 << 10 {
		part := b[at:min(n, at+24<<10)]
		switch r.IntN(3) {
		case 0:
			copy(part, noise(r, len(part)))
		case 1:
			copy(part, bytes.Repeat([]byte(fmt.Sprintf("line %d\n", at)), len(part)))
		}
	}
	return b
}

// TestReadMatrix reads what qemu-img makes.
func TestReadMatrix(t *testing.T) {
	dir := tempDir(t)
	want := pattern(3<<20 + 512)
	raw := filepath.Join(dir, "raw")
	must(t, os.WriteFile(raw, want, 0o644))
	cases := []string{"compat=0.10", "compat=0.10 -c", "extended_l2=on", "extended_l2=on,cluster_size=16k", "extended_l2=on,cluster_size=2M",
		"compression_type=zlib -c", "compression_type=zstd -c", "compression_type=zstd,extended_l2=on -c", "cluster_size=512 -c",
		"compression_type=zstd,cluster_size=2M -c", "lazy_refcounts=on", "preallocation=metadata", "preallocation=falloc", "preallocation=full",
		"preallocation=metadata,extended_l2=on"}
	for size := 512; size <= 2<<20; size *= 4 {
		cases = append(cases, fmt.Sprintf("cluster_size=%d", size))
	}
	for bits := 1; bits <= 64; bits *= 2 {
		cases = append(cases, fmt.Sprintf("refcount_bits=%d", bits), fmt.Sprintf("refcount_bits=%d,cluster_size=512", bits))
	}
	for i, c := range cases {
		t.Run(c, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(dir, fmt.Sprint(i))
			fields := strings.Fields(c)
			qemu(t, "qemu-img", append([]string{"convert", "-f", "raw", "-O", "qcow2", "-o", fields[0], raw, name}, fields[1:]...)...)
			img := open(t, name, Options{})
			defer img.Close()
			got := contents(t, img)
			same(t, c, got[:len(want)], want)
			same(t, c+", behind it", got[len(want):], make([]byte, len(got)-len(want)))
			pieces := make([]byte, len(want))
			for at := 0; at < len(want); at += 3000 {
				must(t, img.Read(t.Context(), pieces[at:min(at+3000, len(want))], int64(at)))
			}
			same(t, c+", in pieces", pieces, want)
			report, err := img.Check(t.Context(), false)
			if err != nil || report.Errors+report.Leaks > 0 {
				t.Fatalf("check: %+v, %v", report, err)
			}
			if len(fields) > 1 && report.Compressed == 0 {
				t.Error("nothing is compressed")
			}
			// And writes over it: compressed and preallocated clusters too.
			model := got
			change(t, rand.New(rand.NewPCG(9, uint64(i))), img, model, 15)
			must(t, img.Flush(t.Context()))
			same(t, c+", changed", contents(t, img), model)
			must(t, img.takeFlush(t.Context()))
			must(t, img.flush(false)) // what waited for its users is free now
			img.endFlush()
			report, err = img.Check(t.Context(), false)
			if err != nil || report.Errors+report.Leaks > 0 {
				t.Fatalf("check after changes: %+v, %v", report, err)
			}
		})
	}
}

// byQEMU makes a random change with qemu-io, and to the model.
func byQEMU(t *testing.T, r *rand.Rand, name string, model []byte) {
	t.Helper()
	args := []string{"-f", "qcow2"}
	for range 6 {
		off := r.IntN(len(model)/512) * 512
		n := min(512*(1+r.IntN(300)), len(model)-off)
		value := byte(1 + r.IntN(254))
		command := fmt.Sprintf("write -P %d %d %d", value, off, n)
		if r.IntN(4) == 0 {
			command, value = fmt.Sprintf("write -z -u %d %d", off, n), 0
		}
		args = append(args, "-c", command)
		copy(model[off:off+n], bytes.Repeat([]byte{value}, n))
	}
	qemu(t, "qemu-io", append(args, name)...)
}

// TestChain reads a chain of five images, and writes by turns with QEMU to its
// top.
func TestChain(t *testing.T) {
	dir := tempDir(t)
	r := rand.New(rand.NewPCG(6, 6))
	model := pattern(2<<20 + 1024)
	must(t, os.WriteFile(filepath.Join(dir, "0"), model, 0o644))
	for i, o := range []string{"cluster_size=64k", "cluster_size=512", "compat=0.10", "extended_l2=on", "extended_l2=on,cluster_size=128k"} {
		base, format := fmt.Sprint(i), FormatQcow2
		if i == 0 {
			format = FormatRaw
		}
		name := filepath.Join(dir, fmt.Sprint(i+1))
		qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", "-b", filepath.Join(dir, base), "-F", format, "-o", o, name)
		byQEMU(t, r, name, model)
	}
	top := filepath.Join(dir, "5")
	for range 3 {
		img := open(t, top, Options{})
		same(t, "QEMU's", contents(t, img), model)
		change(t, r, img, model, 30)
		must(t, img.Flush(t.Context()))
		must(t, img.Close())
		qemu(t, "qemu-img", "check", top)
		must(t, os.WriteFile(filepath.Join(dir, "model"), model, 0o644))
		qemu(t, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", top, filepath.Join(dir, "model"))
		byQEMU(t, r, top, model)
	}
}

// TestSnapshots writes to an image that has two, and looks at both.
func TestSnapshots(t *testing.T) {
	for _, o := range []string{"cluster_size=4k", "extended_l2=on", "compat=0.10", "refcount_bits=8,cluster_size=512"} {
		t.Run(o, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			r := rand.New(rand.NewPCG(8, 8))
			name, model := filepath.Join(dir, "a"), make([]byte, 1<<20)
			qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", o, name, "1M")
			for _, snapshot := range []string{"one", "two"} {
				byQEMU(t, r, name, model)
				must(t, os.WriteFile(filepath.Join(dir, snapshot), model, 0o644))
				qemu(t, "qemu-img", "snapshot", "-c", snapshot, name)
				img := open(t, name, Options{})
				same(t, "with snapshots", contents(t, img), model)
				change(t, r, img, model, 30)
				same(t, "changed", contents(t, img), model)
				must(t, img.Flush(t.Context()))
				must(t, img.Close())
				qemu(t, "qemu-img", "check", name)
			}
			for _, snapshot := range []string{"one", "two"} {
				qemu(t, "qemu-img", "snapshot", "-a", snapshot, name)
				qemu(t, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", name, filepath.Join(dir, snapshot))
			}
		})
	}
}

// TestRefused: what isn't known is refused in words.
func TestRefused(t *testing.T) {
	dir := tempDir(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	qemu(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file="+path("d"), path("external"), "1M")
	create(t, path("plain"), CreateOptions{Size: 1 << 20})
	patched := func(name string, at int, value byte) {
		b, err := os.ReadFile(path("plain"))
		must(t, err)
		b[at] = value
		must(t, os.WriteFile(path(name), b, 0o644))
	}
	patched("future", 72+6, 1)
	patched("version", 7, 4)
	patched("luks", 35, 2)
	patched("corrupt", 72+7, incompatCorrupt)
	create(t, path("loop"), CreateOptions{Size: 1 << 20, BackingName: "loop", BackingFormat: FormatQcow2})
	create(t, path("untyped"), CreateOptions{Size: 1 << 20, BackingName: "plain"})
	for name, want := range map[string]error{"external": ErrUnsupported, "luks": ErrUnsupported, "future": ErrUnsupported, "version": ErrUnsupported,
		"corrupt": ErrCorrupt, "loop": ErrCorrupt, "untyped": ErrUnsupported} {
		f := file(t, path(name))
		_, err := Open(t.Context(), f, Options{Opener: shared(dir)})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
		f.Close()
	}
	img := open(t, path("corrupt"), Options{ReadOnly: true})
	contents(t, img)
	must(t, img.Close())
	f := file(t, path("loop"))
	defer f.Close()
	if _, err := Open(t.Context(), f, Options{}); err == nil || !strings.Contains(err.Error(), "loop") {
		t.Errorf("a backing file without an opener: %v", err)
	}
}

// TestDirty: an image that was left with lazy reference counts is repaired by
// us, and by QEMU.
func TestDirty(t *testing.T) {
	for _, who := range []string{"ours", "QEMU's"} {
		name := filepath.Join(tempDir(t), "a")
		create(t, name, CreateOptions{Size: 4 << 20, LazyRefcounts: true, ClusterSize: 4096})
		img := open(t, name, Options{})
		model := make([]byte, img.Size())
		change(t, rand.New(rand.NewPCG(4, 4)), img, model, 40)
		must(t, img.Flush(t.Context()))
		must(t, img.file.Close()) // and nothing else: the process is gone
		if out := qemu(t, "qemu-img", "info", name); !strings.Contains(out, "lazy refcounts: true") {
			t.Fatal(out)
		}
		if who == "ours" {
			img = open(t, name, Options{})
			same(t, "repaired", contents(t, img), model)
			must(t, img.Close())
		} else {
			qemu(t, "qemu-io", "-c", "read 0 512", name)
		}
		qemu(t, "qemu-img", "check", name)
		img = open(t, name, Options{})
		same(t, "at last", contents(t, img), model)
		must(t, img.Close())
	}
}

var _ block.Device = (*Image)(nil)
