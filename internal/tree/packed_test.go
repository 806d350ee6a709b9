package tree

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/cpio"
)

// A file that is packed is an archive of it alone, as a writer of archives has it, and
// the same for each request.
func TestPacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "medium.iso")
	for _, content := range []string{"", "x", "four", "a disc of some bytes"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		w := cpio.NewWriter(&want)
		w.File("images/proxmox.iso", 0o644, []byte(content))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		file := boot.File{Source: path, Packed: "images/proxmox.iso"}
		if boot.FileOf(file.Key()) != file || file.Base() != "proxmox.iso.cpio" {
			t.Fatalf("%+v is %+v, called %s", file, boot.FileOf(file.Key()), file.Base())
		}
		sources := Sources{Local: NamedFiles([]boot.File{file})}
		var tags []string
		for range 2 {
			f, err := sources.Open(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if err != nil || !bytes.Equal(got, want.Bytes()) {
				t.Errorf("%q: %v, the archive has %q, want %q", content, err, got, want.Bytes())
			}
			tags = append(tags, f.(*Composite).ETag())
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		if tags[0] != tags[1] || tags[0] == "" {
			t.Errorf("its tags are %q", tags)
		}
	}
}
