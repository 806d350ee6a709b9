package qcow2

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spurboot/spur/block"
)

// narrow is a file that may not become longer than most bytes.
type narrow struct {
	block.SparseFile
	most    int64
	refused atomic.Int64
}

func (n *narrow) WriteAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > n.most {
		n.refused.Add(1)
		return 0, block.ErrNoSpace
	}
	return n.SparseFile.WriteAt(p, off)
}

// TestSpaceIsUsedAgain: what is written and trimmed over and over takes about the
// space that it takes once, without any flush.
func TestSpaceIsUsedAgain(t *testing.T) {
	for what, journal := range map[string]bool{"journal": true, "none": false} {
		t.Run(what, func(t *testing.T) {
			dir := tempDir(t)
			name := filepath.Join(dir, "a")
			create(t, name, CreateOptions{Size: 256 << 20})
			o := Options{}
			if journal {
				o.Journal = &Journal{File: file(t, name+".journal")}
			}
			img := open(t, name, o)
			p := make([]byte, 1<<20)
			for i := range p {
				p[i] = 1
			}
			const once = 64 << 20
			for range 12 {
				for off := int64(0); off < once; off += int64(len(p)) {
					must(t, img.Write(t.Context(), p, off, 0))
				}
				must(t, img.Trim(t.Context(), 0, once))
			}
			size, err := img.file.Size()
			must(t, err)
			if size > once+4*leastBacklog {
				t.Errorf("%d MiB for %d", size>>20, once>>20)
			}
			must(t, img.Flush(t.Context()))
			must(t, img.Close())
			qemu(t, "qemu-img", "check", name)
		})
	}
}

// TestSpaceIsReclaimed: where there is no room, what was given up is freed before
// a write fails, while others are under way too.
func TestSpaceIsReclaimed(t *testing.T) {
	name := filepath.Join(tempDir(t), "a")
	create(t, name, CreateOptions{Size: 64 << 20})
	f := &narrow{SparseFile: file(t, name).(block.SparseFile), most: 10 << 20}
	img, err := Open(t.Context(), f, Options{})
	must(t, err)
	const workers, each = 4, 2 << 20
	p := make([]byte, 64<<10)
	p[0] = 1
	for round := range int64(5) {
		var all sync.WaitGroup
		for w := range int64(workers) {
			all.Go(func() {
				from := round*workers*each + w*each
				for off := from; off < from+each; off += int64(len(p)) {
					if err := img.Write(t.Context(), p, off%img.Size(), 0); err != nil {
						t.Errorf("round %d: %v", round, err)
						return
					}
				}
			})
		}
		all.Wait()
		must(t, img.Trim(t.Context(), round*workers*each%img.Size(), workers*each))
	}
	// Where nothing was given up it fails, and what was refused is nowhere.
	for off := int64(0); err == nil && off < img.Size(); off += int64(len(p)) {
		err = img.Write(t.Context(), p, off, 0)
	}
	if err == nil || f.refused.Load() == 0 {
		t.Errorf("%v; the file was full %d times", err, f.refused.Load())
	}
	must(t, img.Flush(t.Context()))
	must(t, img.Close())
	qemu(t, "qemu-img", "check", name)
}
