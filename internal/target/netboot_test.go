package target

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// A link in the place of an image's file leads to nothing else of this host, also where
// it is put there later.
func TestNetBootLocal(t *testing.T) {
	dir := t.TempDir()
	image, secret := filepath.Join(dir, "a"), filepath.Join(dir, "secret")
	root := filepath.Join(image, "root.dmg")
	if err := errors.Join(os.Mkdir(image, 0o755), os.WriteFile(root, []byte("root"), 0o644), os.WriteFile(secret, []byte("secret"), 0o644)); err != nil {
		t.Fatal(err)
	}
	payload := boot.Payload{Content: boot.NetBoot{Images: []boot.NetBootImage{{Dir: image, Name: "A", Index: 1, System: 1, Root: boot.File{Source: root}}}}}
	local, done, err := Inspected{Payload: payload}.Local()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	f, err := local.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := errors.Join(os.Remove(root), os.Symlink("../secret", root)); err != nil {
		t.Fatal(err)
	}
	if f, err := local.Open(root); err == nil {
		f.Close()
		t.Error("the link is followed out of the folder")
	}
}
