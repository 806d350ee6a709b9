package san

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/nbd"
)

// TestExportIsInFile sees that a raw file's pages can go to clients uncopied.
func TestExportIsInFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := disk.Open(t.Context(), name, disk.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var exports Exports
	if err := exports.Add(opened("disk", d.Device)); err != nil {
		t.Fatal(err)
	}
	export, err := nbdExports{&exports, &Log{}}.Lookup(t.Context(), &nbd.Peer{}, "disk")
	if err != nil {
		t.Fatal(err)
	}
	in, is := export.Device.(block.InFile)
	if !is {
		t.Fatal("the device that NBD serves is in no file")
	}
	if _, at, ok := in.InFile(4096, 8192); !ok || at != 4096 {
		t.Errorf("4096 is at %d of the file, %v", at, ok)
	}
}
