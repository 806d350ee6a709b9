package boottest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// largeInitrd makes an archive of 64 MiB that nothing makes smaller.
func (w *world) largeInitrd() string {
	w.Helper()
	dir := w.TempDir()
	w.run("sh", "-c", `cd "$1" && head -c 64M /dev/urandom >large && echo large | cpio -o -H newc --quiet >large.img`, "sh", dir)
	return filepath.Join(dir, "large.img")
}

// A machine that has too little memory for its initrds fetches them all, and panics. Spur
// says so with the figures, before and after, and so does what is kept of the boot. One
// with enough boots the same, and so would the first one with a smaller initrd.
func TestTooLittleMemory(t *testing.T) {
	data := t.TempDir()
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	initrd := w.largeInitrd()
	spur := w.spur("boot", built.kernel, initrd, built.initrd, built.extra1, built.extra2, "--data", data,
		"--cmdline", strings.Replace(cmdline, "NOTE", built.note, 1)+" panic=1")
	machine := func(name string, mebibytes int) *lab.Machine {
		m, err := w.lab.Boot(name, lab.Hardware{Firmware: lab.BIOS, Memory: mebibytes, Ports: []lab.Port{{Wire: w.wire}}})
		w.check(err)
		return m
	}
	small := machine("small", 160)
	w.told(spur, small, `"step":"memory","attempt":1,"bytes":167772160,"needs":2[56]\d{7},`)
	w.prints(small, spur, `Initramfs unpacking failed`)
	w.told(spur, small, `"cause":"not-enough-memory","likely":"the machine has 160 MiB of memory, and what it boots needs about 25\d MiB\.`)
	kept := w.kept(data)
	w.check(small.Quit())

	large := machine("large", 512)
	w.up(large, spur)
	if about := regexp.MustCompile(`(?m)^.*` + large.MAC().String() + `.*(memory|needs about).*$`).FindString(spur.String()); about != "" {
		t.Error(about)
	}
	text, err := os.ReadFile(kept)
	w.check(err)
	if !regexp.MustCompile(`"kind":"memory".*"size":167772160`).Match(text) {
		t.Errorf("what the machine has is not in the record:\n%s", text)
	}
	w.ends(1, []string{`would fail again \(not-enough-memory\)`}, "replay", kept, built.kernel, initrd)
	w.ends(0, []string{`it (should|may) boot now`}, "replay", kept, built.kernel, built.initrd)
}
