package wholefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/wholefile"
)

func TestCreateAndReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	is := func(content string, mode fs.FileMode) {
		t.Helper()
		b, err := os.ReadFile(path)
		info, serr := os.Stat(path)
		if err != nil || serr != nil || string(b) != content || info.Mode() != mode {
			t.Fatalf("%q, %v, %v", b, info, errors.Join(err, serr))
		}
		if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
			t.Errorf("beside it: %v, %v", all, err)
		}
	}
	if err := wholefile.Create(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	is("one", 0o600)
	if err := wholefile.Create(path, []byte("two"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	is("one", 0o600)
	if err := wholefile.Replace(path, []byte("three"), 0o644); err != nil {
		t.Fatal(err)
	}
	is("three", 0o644)
	if err := wholefile.Replace(filepath.Join(dir, "none", "file"), nil, 0o644); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that isn't there: %v", err)
	}
}

// A folder in the place of a file stays, and nothing is left beside it.
func TestFolderStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "folder")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if wholefile.Create(path, nil, 0o600) == nil || wholefile.Replace(path, nil, 0o600) == nil {
		t.Error("a folder was replaced")
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("beside it: %v, %v", all, err)
	}
}
