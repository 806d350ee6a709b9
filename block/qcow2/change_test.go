package qcow2

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/raw"
)

// shared opens backing files without locking them.
func shared(dir string) Opener {
	return func(_ context.Context, ref Reference) (Backing, error) {
		name := filepath.Join(dir, filepath.Base(ref.Name))
		f, err := block.OpenFile(name, block.FileOptions{ReadOnly: true, Shared: true})
		return Backing{File: f, Name: name}, err
	}
}

func TestResize(t *testing.T) {
	for i, o := range []CreateOptions{{}, {ClusterSize: 512}, {ClusterSize: 512, RefcountBits: 64, LazyRefcounts: true}, {Version: 2},
		{BackingName: "base", BackingFormat: FormatRaw}, {Version: 2, BackingName: "base", BackingFormat: FormatRaw}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			r := rand.New(rand.NewPCG(2, uint64(i)))
			name := filepath.Join(dir, "a")
			base := noise(r, 900<<10)
			must(t, os.WriteFile(filepath.Join(dir, "base"), base, 0o644))
			o.Size = 300<<10 + 512
			model := make([]byte, o.Size)
			if o.BackingName != "" {
				copy(model, base)
			}
			create(t, name, o)
			img := open(t, name, Options{})
			for _, size := range []int64{300<<10 + 1024, 600 << 10, 600 << 10, 5<<20 + 512, 40 << 20} {
				change(t, r, img, model, 10)
				must(t, img.Resize(t.Context(), size))
				model = append(model, make([]byte, size-int64(len(model)))...)
				same(t, fmt.Sprintf("grown to %d", size), contents(t, img), model)
			}
			if err := img.Resize(t.Context(), 512); !errors.Is(err, ErrUnsupported) {
				t.Errorf("shrunk: %v", err)
			}
			change(t, r, img, model, 20)
			must(t, img.Flush(t.Context()))
			must(t, img.Close())
			qemu(t, "qemu-img", "check", name)
			img = open(t, name, Options{})
			same(t, "opened again", contents(t, img), model)
			must(t, img.Close())
		})
	}
}

func TestCommit(t *testing.T) {
	for i, format := range []string{FormatRaw, FormatQcow2} {
		dir := tempDir(t)
		base, name := filepath.Join(dir, "base"), filepath.Join(dir, "a")
		qemu(t, "qemu-img", "create", "-q", "-f", format, base, "1M")
		create(t, name, CreateOptions{Size: 1<<20 + int64(i)<<19, BackingName: "base", BackingFormat: format})
		img := open(t, name, Options{Opener: folder(t, dir, true)})
		model := make([]byte, img.Size())
		for range 2 {
			change(t, rand.New(rand.NewPCG(3, 3)), img, model, 40)
			must(t, img.Commit(t.Context()))
			same(t, "committed", contents(t, img), model)
			same(t, "the backing image", contents(t, img.backing), model)
		}
		report, err := img.Check(t.Context(), false)
		if err != nil || report.Allocated+report.Errors+report.Leaks > 0 {
			t.Errorf("after a commit: %+v, %v", report, err)
		}
		must(t, img.Close())
		qemu(t, "qemu-img", "check", name)
		must(t, os.WriteFile(filepath.Join(dir, "model"), model, 0o644))
		qemu(t, "qemu-img", "compare", "-f", format, "-F", "raw", base, filepath.Join(dir, "model"))
	}
	create(t, filepath.Join(tempDir(t), "a"), CreateOptions{})
}

func TestCommitReadOnly(t *testing.T) {
	base := block.ReadOnly(block.NewMemory(1 << 20))
	_, img := memory(t, CreateOptions{Size: 1 << 20, BackingName: "b"}, Options{Backing: base})
	if err := img.Commit(t.Context()); !errors.Is(err, block.ErrReadOnly) {
		t.Error(err)
	}
	must(t, img.Close())
}

func TestRebase(t *testing.T) {
	dir := tempDir(t)
	r := rand.New(rand.NewPCG(4, 4))
	name, model := filepath.Join(dir, "a"), noise(r, 1<<20)
	must(t, os.WriteFile(filepath.Join(dir, "one"), model, 0o644))
	other := append([]byte(nil), model[:800<<10]...)
	copy(other[100<<10:], noise(r, 200<<10))
	must(t, os.WriteFile(filepath.Join(dir, "two"), other, 0o644))
	create(t, name, CreateOptions{Size: 1 << 20, BackingName: "one", BackingFormat: FormatRaw})
	img := open(t, name, Options{})
	change(t, r, img, model, 10)
	f, err := block.OpenFile(filepath.Join(dir, "two"), block.FileOptions{ReadOnly: true, Shared: true})
	must(t, err)
	two, err := raw.Open(t.Context(), f, raw.Options{ReadOnly: true})
	must(t, err)
	must(t, img.Rebase(t.Context(), RebaseOptions{Name: "two", Format: FormatRaw, Backing: two}))
	same(t, "rebased", contents(t, img), model)
	change(t, r, img, model, 10)
	must(t, img.Flush(t.Context()))
	must(t, img.Close())
	must(t, two.Close())
	qemu(t, "qemu-img", "check", name)
	must(t, os.WriteFile(filepath.Join(dir, "model"), model, 0o644))
	qemu(t, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", name, filepath.Join(dir, "model"))

	must(t, os.Rename(filepath.Join(dir, "two"), filepath.Join(dir, "three")))
	f, err = block.OpenFile(name, block.FileOptions{Shared: true})
	must(t, err)
	img, err = Open(t.Context(), f, Options{Backing: block.NewMemory(0)})
	must(t, err)
	must(t, img.Rebase(t.Context(), RebaseOptions{Name: "three", Format: FormatRaw, Unsafe: true}))
	must(t, img.Close())
	img = open(t, name, Options{})
	same(t, "moved", contents(t, img), model)
	must(t, img.Rebase(t.Context(), RebaseOptions{}))
	same(t, "flattened", contents(t, img), model)
	must(t, img.Close())
	qemu(t, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", name, filepath.Join(dir, "model"))
}
