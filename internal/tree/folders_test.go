package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/advice"
)

// What is below an allowed folder can be had, and no link, swap or name leads
// to anything else.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	allowed := filepath.Join(dir, "srv")
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("srv/vmlinuz", "KERNEL")
	write("srv/sub/initrd", "INITRD")
	write("secret", "SECRET")
	write("srv2/x", "SECRET")
	for link, to := range map[string]string{"inside": "sub/initrd", "abs": filepath.Join(dir, "secret"), "rel": "../secret", "up": ".."} {
		if err := os.Symlink(to, filepath.Join(allowed, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(allowed, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolders([]string{allowed})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	open := func(name string) string {
		file, err := f.Open(filepath.Join(dir, name))
		if err != nil {
			return ""
		}
		defer file.Close()
		b, err := io.ReadAll(file)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	for name, want := range map[string]string{
		"srv/vmlinuz": "KERNEL", "srv/sub/initrd": "INITRD", "srv/inside": "INITRD",
		"srv/abs": "", "srv/rel": "", "srv/up/secret": "", "secret": "", "srv2/x": "", "srv": "", "srv/sub": "", "srv/pipe": "", "srv/gone": "",
	} {
		if got := open(name); got != want {
			t.Errorf("%s gives %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"srv/vmlinuz": "", "srv/gone": "put the file there", "srv/abs": "put the file there", "srv": "--allow-files", "srv2/x": "--allow-files " + filepath.Join(dir, "srv2"),
		"srv/../secret": "--allow-files", "../../etc/shadow": "--allow-files",
	} {
		err := f.Check(filepath.Join(dir, name))
		if (err == nil) != (want == "") || !strings.Contains(advice.Of(err), want) {
			t.Errorf("Check(%s): %v; advice %q", name, err, advice.Of(err))
		}
	}
	if _, err := f.Open(filepath.Join(allowed, "abs")); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "a link leads out of "+allowed) {
		t.Errorf("a link that leads out: %v", err)
	}
	// A folder on the way is swapped for a link that leads out.
	if err := errors.Join(os.RemoveAll(filepath.Join(allowed, "sub")), os.Symlink(dir, filepath.Join(allowed, "sub"))); err != nil {
		t.Fatal(err)
	}
	write("initrd", "SECRET")
	if got := open("srv/sub/initrd"); got != "" {
		t.Errorf("through the swapped folder: %q", got)
	}
}

func TestNoFolder(t *testing.T) {
	if _, err := OpenFolders([]string{t.TempDir(), filepath.Join(t.TempDir(), "gone")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	none, err := OpenFolders(nil)
	if err != nil || none.Check("/etc/passwd") == nil {
		t.Errorf("without folders: %v", err)
	}
	if _, err := none.Open("/etc/passwd"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without folders: %v", err)
	}
}

// The operator's own files are opened as they are named.
func TestNamedFilesThroughLinks(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "k"), []byte("KERNEL"), 0o644), os.Symlink("k", link)); err != nil {
		t.Fatal(err)
	}
	f, err := Named{link: true}.Open(link)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := (Named{link: true}).Open(filepath.Join(dir, "k")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
