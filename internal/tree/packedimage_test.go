package tree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fetch"
	"github.com/spurboot/spur/internal/initrdlayout"
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

// Of an image at a URL all is fetched, and kept.
func TestPackedImageElsewhere(t *testing.T) {
	path := discImage(t, map[string]string{".disk/info": "Debian"})
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	cache, err := fetch.New(fetch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	sources := Sources{Images: NewImages(), Upstream: func(ctx context.Context, url string) (fs.File, error) { return cache.Open(ctx, url) }}
	var archives []string
	for range 2 {
		f, err := sources.Open(t.Context(), boot.File{Source: server.URL + "/image.iso", Inside: boot.Root, Packed: "debian-installer"})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil || !bytes.Contains(b, []byte("cdrom/.disk/info\x00")) || !bytes.Contains(b, []byte("Debian")) {
			t.Errorf("%v: the archive has %q", err, b)
		}
		archives = append(archives, f.(*Composite).ETag()+string(b))
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if archives[0] != archives[1] {
		t.Error("it differs the second time")
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

// Whatever is changed in two places of a good image, its archive has an end, and can be read.
func FuzzPackedImage(f *testing.F) {
	image, err := os.ReadFile(discImage(f, map[string]string{".disk/info": "Debian", "pool/a": "b"}))
	if err != nil {
		f.Fatal(err)
	}
	image = image[:min(len(image), 64<<11)] // behind that there is padding
	layout, _ := initrdlayout.Find("debian-installer")
	f.Add(uint16(16*64+4), []byte{0, 4}, uint16(18*64), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, at1 uint16, change1 []byte, at2 uint16, change2 []byte) {
		b := bytes.Clone(image)
		copy(b[int(at1)*32%len(b):], change1)
		copy(b[int(at2)*32%len(b):], change2)
		sections, err := Sources{}.imageSections(NewComposite("image", Bytes(b)), "image", layout)
		if err != nil {
			return
		}
		archive := NewComposite("archive", sections...)
		if archive.Size() > 5<<30 {
			t.Errorf("the archive of %d bytes has %d", len(b), archive.Size())
		}
		if _, err := io.CopyN(io.Discard, archive, 1<<20); err != nil && !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}
