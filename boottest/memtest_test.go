package boottest

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

// Memtest86+ tests memory out of its ISO as it is, and as the files that are packaged for
// each firmware. HTTP Boot is given the program itself, which no stub starts and nobody
// can tell of a serial port: what it does is on the screen alone.
func TestMemtest(t *testing.T) {
	t.Parallel()
	serial := []string{"--cmdline", "console=ttyS0,115200 nosmp"}
	for _, tt := range []struct {
		name     string
		firmware lab.Firmware
		file     string // of the package
		args     []string
		loader   [][2]string // files of PXELINUX
		routes   []string
	}{
		{"ISO on BIOS", lab.BIOS, "usr/lib/memtest86+/memtest86+x64.iso", serial, nil, []string{"ipxe-http"}},
		{"ISO on UEFI", lab.UEFI, "usr/lib/memtest86+/memtest86+x64.iso", serial, nil, []string{"uefi-x64-snponly", "ipxe-http"}},
		{"ISO by HTTP Boot", lab.UEFIHTTP, "usr/lib/memtest86+/memtest86+x64.iso", nil, nil, []string{"uefi-http"}},
		{"kernel on BIOS", lab.BIOS, "boot/memtest86+x64.bin", append(serial, "--loader", "pxelinux"), [][2]string{lpxelinux, ldlinux}, []string{"bios-lpxelinux"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			file, err := lab.Unpacked("memtest86+", tt.file)
			w.check(err)
			line := append([]string{"boot", file}, tt.args...)
			if tt.loader != nil {
				line = append(line, "--loaders", w.folderOf(tt.loader...))
			}
			spur := w.beside(line...)
			m := w.machine("machine", tt.firmware, lab.Port{PlainROM: tt.loader != nil})
			if tt.args == nil {
				w.turnsBlue(m, spur)
			} else {
				w.prints(m, spur, `Memtest86\+ v6\.10`, `Status: Testing`)
			}
			w.took(spur, m, tt.routes...)
		})
	}
}

// turnsBlue waits until the most of a machine's screen is blue, as Memtest86+ has it.
func (w *world) turnsBlue(m *lab.Machine, spur *lab.Process) {
	w.Helper()
	path := filepath.Join(w.TempDir(), "screen.png")
	for !w.isBlue(m, path) {
		select {
		case <-w.ctx.Done():
			w.Fatalf("its screen doesn't turn blue\nSpur says:\n%s", spur.Tail(40))
		case <-time.After(time.Second):
		}
	}
}

func (w *world) isBlue(m *lab.Machine, path string) bool {
	w.Helper()
	if _, err := m.Screenshot(w.ctx, path); err != nil {
		w.Fatal(err)
	}
	f, err := os.Open(path)
	w.check(err)
	defer f.Close()
	screen, err := png.Decode(f)
	if err != nil {
		return false // amid a change of its mode
	}
	blue, size := 0, screen.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			if r, g, b, _ := screen.At(x, y).RGBA(); b > 0x6000 && r < 0x4000 && g < 0x4000 {
				blue++
			}
		}
	}
	return 2*blue > size.X*size.Y
}
