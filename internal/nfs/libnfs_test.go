package nfs

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/iso"
)

// tool runs a program of libnfs-utils.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// mediumFolder fills a folder with what a medium has.
func mediumFolder(t *testing.T) (folder string, squash []byte) {
	t.Helper()
	folder = t.TempDir()
	squash = make([]byte, 5<<20+7)
	rand.NewChaCha8([32]byte{2}).Read(squash)
	for name, content := range map[string][]byte{
		"live/filesystem.squashfs": squash, "README.Long.Name": []byte("read me"), "empty": nil, "boot/grub/grub.cfg": []byte("menu"),
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "pool"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := os.WriteFile(filepath.Join(folder, "pool", fmt.Sprintf("package-with-a-name-%03d.deb", i)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("live/filesystem.squashfs", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	return folder, squash
}

// mediumImage makes an image of a folder, and opens it.
func mediumImage(t *testing.T, folder string, args ...string) *iso.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "medium.iso")
	tool(t, "xorrisofs", append(append([]string{"-quiet", "-o", path}, args...), folder)...)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	image, err := iso.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// TestLibnfs has libnfs list and read a medium with Rock Ridge, and a folder.
func TestLibnfs(t *testing.T) {
	folder, squash := mediumFolder(t)
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	ofFolder, ok := root.FS().(fs.ReadLinkFS)
	if !ok {
		t.Fatal("a folder isn't an fs.ReadLinkFS")
	}
	for name, s := range map[string]*Server{"image": serverOf(t, mediumImage(t, folder, "-R")), "folder": serverOf(t, ofFolder)} {
		t.Run(name, func(t *testing.T) {
			addr, _ := start(t, s)
			url := func(path string) string {
				return fmt.Sprintf("nfs://127.0.0.1%s%s?nfsport=%d&mountport=%d&version=3", testPath, path, addr.Port, addr.Port)
			}
			all := tool(t, "nfs-ls", "-R", url(""))
			for _, want := range []string{"-rw-r-----", "filesystem.squashfs", "lrwxrwxrwx", "README.Long.Name", "grub.cfg", fmt.Sprint(len(squash)), "package-with-a-name-499.deb"} {
				if !strings.Contains(all, want) {
					t.Errorf("no %q in\n%.2000s", want, all)
				}
			}
			if n := strings.Count(all, ".deb"); n != 500 {
				t.Errorf("%d packages are listed", n)
			}
			copied := filepath.Join(t.TempDir(), "copy")
			tool(t, "nfs-cp", url("/live/filesystem.squashfs"), copied)
			if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got, squash) {
				t.Errorf("%d bytes came, %v", len(got), err)
			}
			if got := tool(t, "nfs-cat", url("/boot/grub/grub.cfg")); got != "menu" {
				t.Errorf("came: %q", got)
			}
			if out, err := exec.Command("nfs-cp", copied, url("/new")).CombinedOutput(); err == nil {
				t.Errorf("a file was written: %s", out)
			}
		})
	}
}
