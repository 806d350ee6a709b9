package block_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
)

var _ block.SparseFile = (*block.OSFile)(nil)

// TestOpenFileMakes has files made, found, and left alone, as the options say.
func TestOpenFileMakes(t *testing.T) {
	for _, c := range []struct {
		name    string
		there   bool
		options block.FileOptions
		err     error
	}{
		{"existing", true, block.FileOptions{}, nil},
		{"missing", false, block.FileOptions{}, fs.ErrNotExist},
		{"existing, to be made if missing", true, block.FileOptions{Create: true}, nil},
		{"missing, to be made if missing", false, block.FileOptions{Create: true}, nil},
		{"existing, to be new", true, block.FileOptions{New: true}, fs.ErrExist},
		{"missing, to be new", false, block.FileOptions{New: true}, nil},
		{"existing, to be new after all", true, block.FileOptions{New: true, Create: true}, fs.ErrExist},
		{"missing, for reading", false, block.FileOptions{ReadOnly: true}, fs.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "disk.img")
			if c.there {
				if err := os.WriteFile(name, []byte("hello"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f, err := block.OpenFile(name, c.options)
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if err != nil {
				if _, err := os.Stat(name); c.there != (err == nil) {
					t.Errorf("what there was isn't: %v", err)
				}
				return
			}
			defer f.Close()
			if size, err := f.Size(); err != nil || (size == 5) != c.there {
				t.Errorf("%d bytes, %v", size, err)
			}
			if _, err := block.OpenFile(name, block.FileOptions{Create: true}); !errors.Is(err, block.ErrLocked) {
				t.Errorf("a second writer: %v", err)
			}
		})
	}
}

// TestOpenFileMode: a file has the permissions that were asked for.
func TestOpenFileMode(t *testing.T) {
	for mode, want := range map[fs.FileMode]fs.FileMode{0o600: 0o600, 0o400: 0o400} {
		name := filepath.Join(t.TempDir(), "disk.img")
		f, err := block.OpenFile(name, block.FileOptions{New: true, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%v, %v; want %v", info.Mode(), err, want)
		}
	}
}

// TestOpenFileMakesNothingToRead: a file that is only read isn't made.
func TestOpenFileMakesNothingToRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk.img")
	for _, options := range []block.FileOptions{{ReadOnly: true, Create: true}, {ReadOnly: true, New: true}} {
		if f, err := block.OpenFile(name, options); err == nil {
			f.Close()
			t.Errorf("%+v opened it", options)
		}
	}
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}
