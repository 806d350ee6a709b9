package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/tree"
)

// sources is what keeps those of files by their digests.
type sources map[tree.Digest]string

func (k sources) Keep(key string)                          { k[tree.DigestOf(key)] = key }
func (k sources) Find(d tree.Digest) (key string, ok bool) { key, ok = k[d]; return key, ok }

// TestDiscs mounts more images than are kept open. Each is found again by what is in a
// handle, by a server that has just started as well.
func TestDiscs(t *testing.T) {
	image := filepath.Join(t.TempDir(), "medium.iso")
	if out, err := exec.Command("xorrisofs", "-quiet", "-R", "-o", image, "/etc/hostname").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	var files []boot.File
	known, folder := sources{}, t.TempDir()
	for i := range discsMost + 2 {
		f := boot.File{Source: filepath.Join(folder, fmt.Sprint(i, ".iso"))}
		if err := os.WriteFile(f.Source, content, 0o600); err != nil {
			t.Fatal(err)
		}
		known.Keep(f.Key())
		files = append(files, f)
	}
	tr := &tree.Tree{Names: tree.Names{Key: seal.NewKey()}, LongSources: known, Sources: tree.Sources{Local: tree.NamedFiles(files)}}
	d := &discs{tree: tr}
	var first nfs.ExportID
	for i, f := range files {
		path := "/" + tr.Names.Export(boot.MAC{5: byte(i)}, f) + "/live/x"
		e, rest, err := d.ByPath(path)
		if err != nil || rest != "live/x" {
			t.Fatalf("%s: %q, %v", path, rest, err)
		}
		if same, _, err := d.ByPath(path); err != nil || same != e {
			t.Errorf("mounted again it is another one, %v", err)
		}
		if i == 0 {
			first = e.ID
		}
	}
	if len(d.open) != discsMost {
		t.Errorf("%d are open", len(d.open))
	}
	for _, server := range []*discs{d, {tree: tr}} {
		if e, err := server.ByID(first); err != nil || e.ID != first {
			t.Errorf("the first one: %v", err)
		}
	}
	testDiscsClose(t, tr, files)
	if _, _, err := d.ByPath("/guessed"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a guessed path: %v", err)
	}
}

// Images that give way are closed at once, but not before the calls that read from them are
// over: nobody waits until their memory is looked through.
func testDiscsClose(t *testing.T, tr *tree.Tree, files []boot.File) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	descriptors := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	d, before := &discs{tree: tr}, descriptors()
	path := func(i int) string { return "/" + tr.Names.Export(boot.MAC{}, files[i]) }
	used, _, err := d.ByPath(path(0))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		for i := range files {
			e, _, err := d.ByPath(path(i))
			if err != nil {
				t.Fatal(err)
			}
			e.Release()
		}
	}
	if open := descriptors() - before; open > discsMost+1 {
		t.Errorf("%d files are open", open)
	}
	used.Release()
	if open := descriptors() - before; open > discsMost {
		t.Errorf("%d files are open", open)
	}
}
