package boottest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// Firmware that takes the usual offer boots from the other shapes of it too, so
// that a machine loses nothing by one that was meant for another. Each begins
// with the shape that Spur remembers of it; the shape direct has a test of its
// own (TestNeverAsksOn4011).
func TestShapes(t *testing.T) {
	t.Parallel()
	theirs := func(w *world, data string) *lab.Process {
		w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
		return w.boot("--data", data)
	}
	ours := func(w *world, data string) *lab.Process {
		return w.boot("--data", data, "--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99")
	}
	bios, uefi := lab.Port{PlainROM: true}, lab.Port{}
	for _, tt := range []struct {
		name, shape string
		firmware    lab.Firmware
		port        lab.Port
		start       func(*world, string) *lab.Process
	}{
		{"UEFI, menu", "menu", lab.UEFI, uefi, theirs},
		{"UEFI, field-only", "field-only", lab.UEFI, uefi, theirs},
		{"UEFI, late", "late", lab.UEFI, uefi, theirs},
		{"UEFI, direct, our addresses", "direct", lab.UEFI, uefi, ours},
		{"BIOS, menu", "menu", lab.BIOS, bios, theirs},
		{"BIOS, boot-server", "boot-server", lab.BIOS, bios, theirs},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			data := t.TempDir()
			tt.port.MAC = []byte{0x52, 0x54, 0x00, 0x99, 0x00, 0x02}
			file := filepath.Join(data, "machines", tt.port.MAC.String())
			w.check(os.Mkdir(filepath.Dir(file), 0o700))
			w.check(os.WriteFile(file, []byte(`{"shape":"`+tt.shape+`"}`), 0o600))
			spur := tt.start(w, data)
			m := w.machine("machine", tt.firmware, tt.port)
			w.up(m, spur)
			w.told(spur, m, `"step":"offered".*"shape":"`+tt.shape+`"`)
			for line := range strings.Lines(spur.String()) {
				if strings.Contains(line, `"shape"`) && !strings.Contains(line, `"shape":"`+tt.shape+`"`) {
					t.Errorf("another shape was offered: %s", line)
				}
			}
			kept, err := os.ReadFile(file)
			w.check(err)
			if !strings.Contains(string(kept), `"shape":"`+tt.shape+`"`) || !strings.Contains(string(kept), "ipxe-http") {
				t.Errorf("kept of the machine: %s", kept)
			}
		})
	}
}
