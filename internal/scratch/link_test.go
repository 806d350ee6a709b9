package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Who owns a folder may put a link under its name while it is removed: what the
// link leads to stays.
func TestLinkInItsPlace(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f, err := New("spur-scratch-link-")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	kept := filepath.Join(other, "inner", "kept")
	if err := errors.Join(
		os.MkdirAll(filepath.Dir(kept), 0o755), os.WriteFile(kept, nil, 0o600),
		os.MkdirAll(filepath.Join(f.Path(), "a", "b"), 0o755), os.Symlink(other, filepath.Join(f.Path(), "a", "link")),
		os.Rename(f.Path(), f.Path()+"-moved"), os.Symlink(other, f.Path()),
	); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error("what a link led to was removed:", err)
	}
	if left, _ := os.ReadDir(f.Path() + "-moved"); len(left) > 0 {
		t.Errorf("the folder still has %v", left)
	}
}
