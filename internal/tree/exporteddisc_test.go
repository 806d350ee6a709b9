package tree

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/seal"
)

// An image is opened by the sealed name that a machine was told, and again by what is told of
// it then, until it changes.
func TestDisc(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "hello"), []byte("hello"), 0o640); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "medium.iso")
	if out, err := exec.Command("xorrisofs", "-quiet", "-R", "-o", path, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := boot.File{Source: path}
	tr := &Tree{Names: Names{Key: seal.NewKey()}, LongSources: kept{}, Sources: Sources{Local: NamedFiles([]boot.File{file})}}
	tr.LongSources.Keep(file.Key())
	name := tr.Names.Export(boot.MAC{2, 0, 0, 0, 0, 1}, file)
	d, err := tr.OpenDisc(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer d.File.Close()
	if content, err := fs.ReadFile(d, "hello"); err != nil || string(content) != "hello" {
		t.Errorf("it has %q, %v", content, err)
	}
	again, err := tr.ReopenDisc(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	again.File.Close()
	if _, err := tr.OpenDisc(t.Context(), name[1:]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another name: %v", err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Unix(1_700_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.ReopenDisc(t.Context(), d.ID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("once it was changed: %v", err)
	}
}
