package boottest

import (
	"path/filepath"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// A compressed disk in a folder comes into the menu when it is unpacked, and boots.
func TestUnpackedDiskOfAMenu(t *testing.T) {
	t.TempDir() // is removed after the world has ended, and Spur writes to it
	w := newWorld(t)
	disk := w.floppy()
	w.run("gzip", disk)
	spur := w.beside("boot", "--menu", filepath.Dir(disk), "--menu-timeout", "255")
	if _, err := spur.WaitFor(w.ctx, `Unpacked floppy\.img\.gz: `); err != nil {
		t.Fatal(err)
	}
	m := w.machine("machine", lab.BIOS, lab.Port{PlainROM: true})
	w.choose(m, `\[f\] floppy`)
	w.check(m.SendKey(w.ctx, "f"))
	w.prints(m, spur, `floppy: drive 00, sectors 09, heads 02`)
}
