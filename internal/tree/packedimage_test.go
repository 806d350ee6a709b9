package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// The files of an image are an archive that cpio unpacks, whose contents are sent from the
// image's file, and which has a tag as long as the image is the same.
func TestPackedImage(t *testing.T) {
	big := strings.Repeat("package\n", 1e5) + "end"
	path := discImage(t, map[string]string{".disk/info": "Debian", "install.amd/vmlinuz": "KERNEL", "pool/big.udeb": big, "pool/empty": "", "pool/odd": "xyz"})
	file := boot.File{Source: path, Inside: boot.Root, Packed: "debian-installer"}
	if err := file.Check(); boot.FileOf(file.Key()) != file || file.Base() != "debian-installer.cpio" || file.String() != path || file.IsRoot() || err != nil {
		t.Fatalf("%+v is %+v, called %s or %s: %v", file, boot.FileOf(file.Key()), file.Base(), file, err)
	}
	sources := Sources{Local: NamedFiles([]boot.File{file}), Images: NewImages()}
	open := func() *Composite {
		t.Helper()
		f, err := sources.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f.(*Composite)
	}
	archive, dir := open(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "lib/debian-installer-startup.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	unpack := exec.CommandContext(t.Context(), "cpio", "-id", "--quiet")
	unpack.Dir, unpack.Stdin = dir, io.NewSectionReader(archive, 0, archive.Size())
	if out, err := unpack.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string]string{"cdrom/.disk/info": "Debian", "cdrom/pool/big.udeb": big, "cdrom/pool/empty": "", "cdrom/pool/odd": "xyz"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s has %d bytes, %v", name, len(b), err)
		}
	}
	script, err := os.Stat(filepath.Join(dir, "lib/debian-installer-startup.d/S25medium"))
	if err != nil || script.Mode() != 0o755 {
		t.Errorf("the script: %v, %v", script, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "cdrom/install.amd")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its kernel is there: %v", err)
	}
	fromImage(t, archive, big)
	if again := open(); again.ETag() != archive.ETag() {
		t.Errorf("its tag is %s, then %s", archive.ETag(), again.ETag())
	}
}

// fromImage looks whether a content comes from the file that the image is.
func fromImage(t *testing.T, archive *Composite, content string) {
	t.Helper()
	for off := int64(0); off < archive.Size(); {
		f, at, n, err := archive.Backing(off)
		if err != nil {
			t.Fatal(err)
		}
		if f != nil && n == int64(len(content)) {
			b := make([]byte, n)
			if _, err := f.ReadAt(b, at); err != nil || string(b) != content {
				t.Errorf("another content is sent: %v", err)
			}
			return
		}
		off += max(n, 1)
	}
	t.Error("it is sent from no file")
}

// A folder of the system's own initrd, to which a link may lead, isn't put into the archive:
// the kernel would put it in the link's place.
func TestPackedImageLeavesFolders(t *testing.T) {
	path := discImage(t, map[string]string{".disk/info": "Debian"})
	file := boot.File{Source: path, Inside: boot.Root, Packed: "debian-installer"}
	f, err := Sources{Local: NamedFiles([]boot.File{file})}.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := exec.CommandContext(t.Context(), "cpio", "-t", "--quiet")
	list.Stdin = f
	out, err := list.CombinedOutput()
	if want := "lib/debian-installer-startup.d/S25medium\ncdrom\ncdrom/.disk\ncdrom/.disk/info\n"; err != nil || string(out) != want {
		t.Errorf("%v: it has\n%s", err, out)
	}
}

func TestNoPackedImage(t *testing.T) {
	path := discImage(t, map[string]string{"a": "b"})
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string]boot.File{
		"no such layout":              {Source: path, Inside: boot.Root, Packed: "other"},
		"no image of an optical disc": {Source: text, Inside: boot.Root, Packed: "debian-installer"},
		"no such file or directory":   {Source: text + "none", Inside: boot.Root, Packed: "debian-installer"},
	} {
		if _, err := (Sources{Local: NamedFiles([]boot.File{file})}).Open(t.Context(), file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
